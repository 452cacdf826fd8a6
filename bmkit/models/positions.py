"""Sinusoidal position encoding: a position as sines and cosines of many frequencies.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.5.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoidal_positions(
    n: int,
    d_model: int,
    *,
    base: float = 10_000.0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """One vector for each of the positions 0 to n - 1, to be added to its embedding.

    Numbers 2i and 2i + 1 are the sine and cosine of one angle. The first angle grows by
    1 radian a position, each further one more slowly, down to almost ``1 / base``.

    Args:
        n: how many positions.
        d_model: size of a position's vector; even.
        base: how much slower than the first angle one after the last would grow.
        device: where the result lives.
        dtype: its type; PyTorch's default if None.

    Returns:
        The encodings, (n, d_model).

    Raises:
        ValueError: ``d_model`` is odd or below 2.
    """
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model {d_model} does not make pairs of sine and cosine")
    # Angles of far positions lose digits in half precision, so they stay in float64.
    position = torch.arange(n, dtype=torch.float64, device=device)
    even = torch.arange(0, d_model, 2, dtype=torch.float64, device=device)
    frequency = torch.exp(-math.log(base) * even / d_model)  # (d_model / 2,)
    angle = position[:, None] * frequency  # (n, d_model / 2)
    encoding = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)  # (n, d_model)
    return encoding.to(torch.get_default_dtype() if dtype is None else dtype)
