"""What checks are made of: comparisons that fail in the learner's words.

Each function compares what the learner's code gave with what is right and, when they
differ, raises `CheckFailed` with what was expected, what came, and the advice that the
lesson's author wrote for this very mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bmkit.lab import attended, mixed_kinds, number_kinds, real_error
from bmkit.lab.contents import contents
from bmkit.lab.contents import same as alike
from bmkit.lab.failures import CheckFailed as CheckFailed
from bmkit.lab.guard import watching
from bmkit.lab.parts import PartlyRight, counted, for_nbgrader
from bmkit.lab.parts import earned as earned
from bmkit.lab.parts import part as part
from bmkit.lab.real_error import in_words
from bmkit.lab.usual_settings import usual
from bmkit.lab.words import say

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # of another kind on each run


def at_once(*names: Any, changes: str = "") -> Callable[[Callable[[], None]], None]:
    """Run a check where it is defined, so that the names that it binds are its own.

    While it runs, what the exercise defines is watched (`guard`).

    Args:
        names: the functions and classes that the exercise defines.
            A notebook that was built before checks were watched gives the check.
        changes: the parameters that it may change, with spaces between.
    """

    def run(check: Callable[[], None]) -> None:
        watched = [name for name in names if isinstance(name, str)]
        try:
            space = check.__globals__
            with (
                attended.as_graded(),
                usual(),
                watching(space, watched, changes),
                counted(in_words),
            ):
                check()
        except PartlyRight as failed:
            if not for_nbgrader(failed):
                raise
        except CheckFailed:
            raise
        except (Exception, SystemExit) as error:
            told = real_error.cells.told(watched, error) or mixed_kinds.told(error)
            if not told:
                raise
            raise CheckFailed(told) from None

    if names and callable(names[0]):
        run(names[0])
    return run


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
    """Fail unless ``got == want``: same container, same values, same kind of number."""
    if hasattr(want, "dtype"):
        _demand_array(got)
        _demand_kind(got, want, advice)
    if hasattr(got, "shape") or hasattr(want, "shape"):
        have, right = _numbers(got), _numbers(want)
        same = have.shape == right.shape and bool((have == right).all())
    else:
        try:
            same = bool(got == want)
        except (ValueError, RuntimeError):  # arrays or tensors in a list
            same = alike(contents(got), contents(want))
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
    """Fail unless ``got`` has ``want``'s shape and, within tolerance, its values.

    It must be made of ``want``'s kind of number as well: where ``want`` is a tensor of
    floats, no array, no integers, no half precision. A number for a tensor without
    dimensions and float64 for float32 are alike.
    """
    _demand_array(got)
    _demand_kind(got, want, advice)
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


def several(answer: object, count: int, advice: str) -> tuple[Any, ...]:
    """The ``count`` things that the learner's code returned, as a tuple.

    A tuple and a list are alike; one array or tensor is one thing.
    """
    if not isinstance(answer, (tuple, list)) or len(answer) != count:
        if answer is None:
            raise CheckFailed(say("expect.nothing"))
        holds = f" ({len(answer)})" if isinstance(answer, (tuple, list)) else ""
        got = type(answer).__name__ + holds
        found = say("expect.several", count=count, got=got)
        raise CheckFailed(_join(found, advice))
    return tuple(answer)


def gradient(result: object, sources: object, advice: str = "") -> None:
    """Fail unless a finite gradient flows from ``result`` back to each source.

    Args:
        result: a tensor that the learner's code computed, or several.
        sources: the tensors that it was computed from, one or several; each requires
            gradients. Their ``.grad`` stays as it is.
        advice: what to try where a gradient does not arrive.
    """
    results, leaves = _tensors(result), _tensors(sources)
    for one in results:
        if not number_kinds.is_tensor(one):
            found = say("expect.tensor", got=number_kinds.holder(one))
            raise CheckFailed(_join(found, advice))
    flowing = [one.sum() for one in results if one.requires_grad]
    arrived: Any = [None]
    if flowing:
        import torch  # loaded already: there are tensors

        arrived = torch.autograd.grad(
            flowing, leaves, retain_graph=True, allow_unused=True
        )
    if any(slope is None for slope in arrived):
        raise CheckFailed(_join(say("expect.no_gradient"), advice))
    if not all(np.isfinite(_numbers(slope)).all() for slope in arrived):
        raise CheckFailed(_join(say("expect.infinite_gradient"), advice))


def _tensors(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    single = hasattr(value, "shape") or not hasattr(value, "__iter__")
    return [value] if single else list(value)


def _demand_kind(got: object, want: object, advice: str) -> None:
    unlike = number_kinds.unlike(got, want)
    if unlike:
        raise CheckFailed(_join(unlike, advice))


def _demand_array(got: object) -> None:
    if got is None:
        raise CheckFailed(say("expect.nothing"))
    if (kind := type(got).__name__) in ("generator", "coroutine"):
        raise CheckFailed(say(f"expect.{kind}"))
    if number_kinds.is_tensor(got):
        return
    try:
        numeric = np.asarray(got).dtype.kind in "biufc"
    except Exception:
        numeric = False
    if not numeric:
        raise CheckFailed(say("expect.numbers", kind=kind, got=_short(got)))


def _short(value: object) -> str:
    text = _ADDRESS.sub("", repr(value))
    return text if len(text) <= 120 else text[:117] + "..."
