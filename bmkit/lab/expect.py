"""What checks are made of: comparisons that fail in the learner's words.

Each function compares what the learner's code gave with what is right and, when they
differ, raises `CheckFailed` with what was expected, what came, and the advice that the
lesson's author wrote for this very mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bmkit.errors import BmkitError
from bmkit.lab.words import say


class CheckFailed(BmkitError, AssertionError):
    """An answer is not right yet; the message says how and what to try."""

    def _render_traceback_(self) -> list[str]:
        # IPython shows these lines instead of a traceback through the kit's own code.
        return [f"✗ {self}"]


def at_once(check: Callable[[], None]) -> None:
    """Run a check where it is defined, so that the names that it binds are its own."""
    check()


def _numbers(value: object) -> NDArray[Any]:
    """The array behind a tensor of any framework, without importing one."""
    if hasattr(value, "detach"):
        tensor = value.detach().cpu().resolve_conj()
        bfloat16 = str(tensor.dtype) == "torch.bfloat16"  # NumPy has no such type
        return np.asarray(tensor.float() if bfloat16 else tensor)
    return np.asarray(value)


def _join(found: str, advice: str) -> str:
    return say("expect.advice", found=found, advice=advice) if advice else found


def true(condition: object, advice: str) -> None:
    """Fail with ``advice`` unless ``condition`` holds."""
    if not bool(condition):
        raise CheckFailed(advice)


def equal(got: object, want: object, advice: str = "") -> None:
    """Fail unless ``got == want`` (same type of container, same values)."""
    same = got == want
    if hasattr(same, "all"):
        same = _numbers(got).shape == _numbers(want).shape and bool(same.all())
    if not same:
        found = say("expect.equal", want=_short(want), got=_short(got))
        raise CheckFailed(_join(found, advice))


def shape(got: object, want: tuple[int, ...], advice: str = "") -> None:
    """Fail unless ``got`` is an array or tensor of shape ``want``."""
    _demand_array(got)
    have = tuple(int(n) for n in _numbers(got).shape)
    if have != tuple(want):
        found = say("expect.shape", want=tuple(want), got=have)
        raise CheckFailed(_join(found, advice))


def close(
    got: object,
    want: object,
    advice: str = "",
    *,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Fail unless ``got`` has ``want``'s shape and, within tolerance, its values."""
    _demand_array(got)
    have, right = _numbers(got), _numbers(want)
    shape(have, right.shape, advice)
    if np.allclose(have, right, rtol=rtol, atol=atol):
        return
    gap = np.abs(have.astype(np.float64) - right.astype(np.float64))
    if have.ndim == 0:
        found = say("expect.close", want=float(right), got=float(have))
    elif not np.isfinite(have).all() and np.isfinite(right).all():
        found = say("expect.infinite")
    else:
        where = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
        at = ", ".join(map(str, where))
        found = say("expect.differ", at=at, want=right[where], got=have[where])
    raise CheckFailed(_join(found, advice))


def _demand_array(got: object) -> None:
    if got is None:
        raise CheckFailed(say("expect.nothing"))
    # Not an import: a value can only be a tensor of a framework that is loaded.
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(got, torch.Tensor):
        return
    try:
        numeric = np.asarray(got).dtype.kind in "biufc"
    except Exception:
        numeric = False
    if not numeric:
        kind = type(got).__name__
        raise CheckFailed(say("expect.numbers", kind=kind, got=_short(got)))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
