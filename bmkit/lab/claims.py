"""Takeaways and equations that are measured every time a notebook runs."""

from __future__ import annotations

import html
import math

import numpy as np

from bmkit.lab.expect import CheckFailed, _numbers
from bmkit.lab.mime import CLAIM
from bmkit.lab.words import say

Plain = bool | int | float | str | list["Plain"] | None


def _emit(text: str, holds: bool, numbers: dict[str, Plain], kind: str) -> None:
    from IPython.display import display

    mark, colour = ("✓", "#1a7f37") if holds else ("✗", "#b42318")
    shown = ", ".join(f"{name} = {_pretty(value)}" for name, value in numbers.items())
    row = (
        f'<div style="border-left:4px solid {colour};padding:.25em .75em">'
        f'<b style="color:{colour}">{mark}</b> {html.escape(text)}'
        f'<div style="opacity:.75;font-size:90%">{html.escape(shown)}</div></div>'
    )
    display(
        {
            CLAIM: {"text": text, "holds": holds, "numbers": numbers, "kind": kind},
            "text/html": row,
            "text/plain": f"{mark} {text}" + (f" ({shown})" if shown else ""),
        },
        raw=True,
    )


def _plain(value: object) -> Plain:
    """A number, string, bool or list of them: what JSON can keep."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    array = _numbers(value)
    if array.dtype.kind not in "biuf":
        return str(value)
    if array.ndim:
        return [_plain(item) for item in array.ravel()[:20]]
    number = array.item()
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)  # NaN and infinity are not JSON
    return number


def _pretty(value: Plain) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_pretty, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def claim(text: str, holds: object, /, **numbers: object) -> None:
    """State a takeaway and whether this run bears it out.

    The claim is shown as a row, stored with the run's report, and fails a headless run
    when it is false. It does not raise: a reader sees the refutation and goes on.

    Args:
        text: the sentence a reader should take away.
        holds: what makes it true, as measured in this run.
        **numbers: the measurements behind it (numbers, strings or small arrays).
    """
    _emit(text, bool(holds), {k: _plain(v) for k, v in numbers.items()}, "claim")


def equation(label: str, left: object, right: object, *, atol: float = 1e-9) -> None:
    """Execute a displayed equation: both sides, computed independently, must agree.

    Args:
        label: the equation's ``\\label``.
        left: its left-hand side, a number, array or tensor.
        right: its right-hand side, of the same shape.
        atol: the largest difference allowed, entry by entry.

    Raises:
        CheckFailed: the sides differ by more than ``atol``, in shape, or hold NaN.
    """
    a, b = _numbers(left), _numbers(right)
    if a.shape != b.shape:
        shapes = say("equation.shapes", label=label, left=a.shape, right=b.shape)
        raise CheckFailed(shapes)
    gap = float(np.max(np.abs(a - b))) if a.size else 0.0
    if not gap <= atol:
        raise CheckFailed(say("equation.differs", label=label, gap=gap, allowed=atol))
    text = say("equation.holds", label=label)
    _emit(text, True, {"difference": gap, "allowed": atol}, "equation")
