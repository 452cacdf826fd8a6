"""Where a place stands, written as the hands of many clocks.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.5.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoidal_positions(
    n: int,
    d: int,
    *,
    base: float = 10_000.0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """One vector for each of the places 0 to n - 1, to be added to what stands there.

    Numbers 2i and 2i + 1 are the sine and cosine of one hand's angle. The first hand
    turns by 1 radian a place, each further one slower, down to almost ``1 / base``.

    Args:
        n: how many places.
        d: numbers that stand for one place; even.
        base: how much slower than the first hand one after the last would turn.
        device: where the result lives.
        dtype: its type; PyTorch's default if None.

    Returns:
        The positions, (n, d).

    Raises:
        ValueError: ``d`` is odd or below 2.
    """
    if d < 2 or d % 2:
        raise ValueError(f"{d} numbers do not make pairs of sine and cosine")
    # Angles of far places lose digits in half precision, so they stay in float64.
    place = torch.arange(n, dtype=torch.float64, device=device)
    pair = torch.arange(0, d, 2, dtype=torch.float64, device=device)
    angle = place[:, None] * torch.exp(-math.log(base) * pair / d)  # (n, d/2)
    waves = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)  # (n, d)
    return waves.to(torch.get_default_dtype() if dtype is None else dtype)
