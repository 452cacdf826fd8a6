"""Inequalities that are measured every time a notebook runs.

A bound that is far away tells nothing: twice the bound would hold as well. So an
inequality is shown twice, at a point where it holds, and at one where both sides are
equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bmkit.lab.claims import _emit, _plain
from bmkit.lab.expect import CheckFailed, _numbers
from bmkit.lab.words import say


def inequality(
    label: str,
    smaller: Callable[..., object],
    larger: Callable[..., object],
    *,
    at: Mapping[str, object],
    equal_at: Mapping[str, object],
    atol: float = 1e-9,
) -> None:
    """Execute a displayed inequality, at one point and where it becomes an equality.

    Args:
        label: the equation's ``\\label``.
        smaller: its smaller side, a function of named values, called as
            ``smaller(**at)``; it gives a number, array or tensor.
        larger: its larger side, of the same names and shape.
        at: values where the sides differ; a thousand random ones in a tensor, say.
        equal_at: other values of the same names, where the bound is reached.
        atol: how far, entry by entry, the smaller side may exceed the larger, and how
            far they may be apart at ``equal_at``.

    Raises:
        CheckFailed: the smaller side exceeds the larger; the bound is not reached at
            ``equal_at``; sides differ in shape, or hold NaN.
    """
    a, b = _both(label, smaller, larger, at)
    excess = float(np.max(a - b)) if a.size else 0.0
    if not excess <= atol:
        raise CheckFailed(say("inequality.exceeds", label=label, excess=excess))
    c, d = _both(label, smaller, larger, equal_at)
    gap = float(np.max(np.abs(c - d))) if c.size else 0.0
    if not gap <= atol:
        raise CheckFailed(say("inequality.not_reached", label=label, gap=gap))
    numbers = {"smaller": a, "larger": b, "equal": d}
    text = say("inequality.holds", label=label)
    _emit(text, True, {k: _plain(v) for k, v in numbers.items()}, "equation")


def _both(
    label: str,
    smaller: Callable[..., object],
    larger: Callable[..., object],
    values: Mapping[str, object],
) -> tuple[NDArray[Any], NDArray[Any]]:
    a, b = _numbers(smaller(**values)), _numbers(larger(**values))
    if a.shape != b.shape:
        shapes = say("equation.shapes", label=label, left=a.shape, right=b.shape)
        raise CheckFailed(shapes)
    return a, b
