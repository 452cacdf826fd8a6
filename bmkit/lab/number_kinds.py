"""Which kind of number an answer is made of, beside the kind that is wanted.

Values alone do not tell: a tensor of eight bits agrees with the right one while the
numbers are small, and fails in the cell after. So a comparison asks for the kind first.
A list says nothing of its kind, and a single number is a number, whatever holds it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from bmkit.lab.words import say

ENOUGH = 32  # bits; with fewer an answer loses digits, or cannot hold large numbers
_BEGINNINGS = {
    "float": ("float", "bfloat"),
    "whole": ("int", "uint"),
    "boolean": ("bool",),
    "complex": ("complex",),
}


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a PyTorch tensor, without importing PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def unlike(got: object, want: Any) -> str:
    """Why ``got`` is not the kind of number that ``want`` is; empty if it is.

    Args:
        got: the answer: an array, a tensor, or anything that NumPy makes one of.
        want: what is right. Lists and plain numbers of Python demand only that
            nothing be lost: no half precision, no 8-bit or 16-bit integers.
    """
    if getattr(got, "is_quantized", False):
        return say("expect.quantised", got=_dtype(got))
    if is_tensor(want) and _dimensions(want) > 0 and not is_tensor(got):
        return say("expect.tensor", got=holder(got))
    have, right = _kind(got), _kind(want)
    if have is None:  # a list: its values decide
        return ""
    kind, bits = have
    wanted = right[0] if right else kind
    if kind == "complex" and right is None and not np.iscomplexobj(want):
        wanted = "float"
    single = _dimensions(got) == 0 and kind != "complex"
    if kind != wanted and not single:
        return say(f"expect.{wanted}", got=_dtype(got))
    enough = min(ENOUGH, right[1]) if right and right[0] == kind else ENOUGH
    if kind in ("float", "whole") and bits < enough:
        return say(f"expect.narrow_{kind}", got=_dtype(got))
    return ""


def _dimensions(value: Any) -> int:
    return int(getattr(value, "ndim", 1 if hasattr(value, "__len__") else 0))


def _kind(value: Any) -> tuple[str, int] | None:
    """Kind and bits of what an array or tensor is made of; None for other things."""
    name = _dtype(value)
    for kind, beginnings in _BEGINNINGS.items():
        if name.startswith(beginnings):
            digits = "".join(filter(str.isdigit, name.split("_")[0]))
            return kind, int(digits or 0)
    return None


def _dtype(value: Any) -> str:
    """The name of an array's or tensor's type of number, as ``float32``."""
    return str(getattr(value, "dtype", "")).removeprefix("torch.")


def holder(value: object) -> str:
    """What holds the numbers, in words: ``a NumPy array``, ``list``."""
    array = type(value).__module__.partition(".")[0] == "numpy"
    return say("expect.numpy") if array else type(value).__name__
