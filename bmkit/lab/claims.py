"""Takeaways and equations that are measured every time a notebook runs.

A takeaway has a control: the same predicate must be true of what was measured and false
of what it is compared with.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping

import numpy as np

from bmkit.errors import WrongUse
from bmkit.lab.expect import CheckFailed, _numbers
from bmkit.lab.mime import CLAIM
from bmkit.lab.number_text import Numbers, Plain, listed
from bmkit.lab.words import say

MOST = 20  # numbers that are kept of a list or an array


def _emit(
    text: str,
    holds: bool,
    numbers: Numbers,
    kind: str,
    notes: tuple[str, ...] = (),
    **more: Plain | Numbers,
) -> None:
    """Show a row: the sentence, its numbers, and a note a line."""
    from IPython.display import display

    mark, colour = ("✓", "#1a7f37") if holds else ("✗", "#b42318")
    lines = [line for line in (listed(numbers), *notes) if line]
    small = "".join(
        f'<div style="opacity:.75;font-size:90%">{html.escape(line)}</div>'
        for line in lines
    )
    row = (
        f'<div style="border-left:4px solid {colour};padding:.25em .75em">'
        f'<b style="color:{colour}">{mark}</b> {html.escape(text)}{small}</div>'
    )
    empty = {"control": {}, "against": "", "certain": "", "why": ""}
    data = {"text": text, "holds": holds, "numbers": numbers, "kind": kind}
    plain = "".join(f"\n  {line}" for line in lines)
    display(
        {
            CLAIM: {**data, **empty, **more},
            "text/html": row,
            "text/plain": f"{mark} {text}{plain}",
        },
        raw=True,
    )


def _plain(value: object) -> Plain:
    """A number, string, bool or list of them: what JSON can keep."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value[:MOST]]
    array = _numbers(value)
    if array.dtype.kind not in "biuf":
        return str(value)
    if array.ndim:
        return [_plain(item) for item in array.ravel()[:MOST]]
    number = array.item()
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)  # NaN and infinity are not JSON
    return number


def _flat(value: Plain) -> list[Plain]:
    """A value as a list of what it holds."""
    if not isinstance(value, list):
        return [value]
    return [one for item in value for one in _flat(item)]


def claim(
    text: str,
    predicate: object,
    measured: Mapping[str, object] | None = None,
    /,
    *,
    control: Mapping[str, object] | None = None,
    against: str = "",
    certain: str = "",
    **numbers: object,
) -> None:
    """State a takeaway and whether this run bears it out.

    The predicate must be true of what was measured and false of the control: what the
    same code measures where the takeaway should fail (an untrained network, shuffled
    labels, another start, a trivial baseline, a longer run). So a predicate that is
    always true is found out. The claim is shown as a row, stored with the run's report,
    and fails a headless run when it does not hold. A claim that is false does not
    raise: a reader sees the refutation and goes on.

    Args:
        text: the sentence a reader should take away.
        predicate: a function of named numbers, called as ``predicate(**measured)``.
        measured: numbers of this run by name (numbers, strings, arrays, tensors).
        control: numbers of the same names, from the same run.
        against: what the control is, in a few words: ``"before training"``.
        certain: instead of a control: why no run could refute it (``"arithmetic"``).

    Raises:
        WrongUse: neither or both of ``control`` and ``certain``; a control without
            ``against``; no numbers, or other names in the control; a predicate that
            fails.
    """
    if not callable(predicate):
        raise WrongUse(say("claim.no_predicate", text=text))
    _demand_two_sides(text, measured, control, against, certain, numbers)
    assert measured is not None  # demanded above
    holds, why = _judged(text, predicate, measured), ""
    other = _kept({name: control[name] for name in measured} if control else {})
    notes: tuple[str, ...] = (say("claim.certain", why=certain),)
    if not holds:
        why = say("claim.refuted")
    if control is not None:
        # NaN fails every comparison: a control that came out so shows nothing.
        undefined = any("nan" in _flat(value) for value in other.values())
        passes = undefined or _judged(text, predicate, control)
        key = "claim.control_passes" if passes else "claim.control"
        key = "claim.control_undefined" if undefined else key
        notes = (say(key, against=against, numbers=listed(other)),)
        if holds and passes:
            holds, why = False, notes[0]
    more: dict[str, Plain | Numbers] = {"control": other, "against": against}
    more |= {"certain": certain, "why": why}
    _emit(text, holds, _kept(measured), "claim", notes, **more)


def _demand_two_sides(
    text: str,
    measured: object,
    control: object,
    against: str,
    certain: str,
    numbers: Mapping[str, object],
) -> None:
    """Refuse a claim whose control or certainty is not given as it must be."""
    wrong = ""
    if numbers:
        wrong = say("claim.loose", text=text, names=", ".join(numbers))
    elif not isinstance(measured, Mapping) or not measured:
        wrong = say("claim.empty", text=text)
    elif (control is None) == (not certain.strip()):
        wrong = say("claim.one_of", text=text)
    elif (control is None) != (not against.strip()):
        wrong = say("claim.against", text=text)
    elif control is None:
        return
    elif not isinstance(control, Mapping) or set(measured) != set(control):
        names = control if isinstance(control, Mapping) else {}
        listed = [", ".join(map(str, some)) for some in (measured, names)]
        wrong = say("claim.names", text=text, measured=listed[0], control=listed[1])
    if wrong:
        raise WrongUse(wrong)


def _judged(
    text: str, predicate: Callable[..., object], numbers: Mapping[str, object]
) -> bool:
    """What the predicate says of the numbers.

    Raises:
        WrongUse: it fails, or says neither yes nor no.
    """
    try:
        return bool(predicate(**numbers))
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        message = say(
            "claim.raises", text=text, error=why, numbers=listed(_kept(numbers))
        )
        raise WrongUse(message) from error


def _kept(numbers: Mapping[str, object]) -> Numbers:
    return {str(name): _plain(value) for name, value in numbers.items()}


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
