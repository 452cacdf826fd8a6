"""Values that answers take and give: their kind, copies, equality, another kind."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

from bmkit.lab import contents

CONTAINERS = (list, tuple, dict)
DATA = ("tensor", "array", "list", "dict", "set")  # can be changed in place


def kind(value: object) -> str:
    """In a word, what a value is."""
    torch, np = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch and isinstance(value, torch.Tensor):
        return "tensor"
    if np and isinstance(value, np.ndarray):
        return "array"
    if torch and isinstance(value, torch.Generator):
        return "generator"
    if isinstance(value, random.Random) or (
        np and isinstance(value, np.random.Generator)
    ):
        return "generator"
    for one in (bool, int, float, str, list, tuple, dict, set):
        if isinstance(value, one):
            return one.__name__
    if value is None:
        return "None"
    return "function" if callable(value) else "other"


def copied(value: Any) -> Any:
    """A copy that shares nothing, where the value can be copied; else the value."""
    if kind(value) == "tensor":
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in CONTAINERS:
        return _rebuilt(value, copied)
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with each number, tensor or array in it changed."""
    if isinstance(value, CONTAINERS):
        return _rebuilt(value, lambda one: mapped(one, change))
    return change(value)


def leaves(value: Any) -> Iterator[Any]:
    """What a value holds, all the way down; itself where it holds nothing."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, as the checks' own guard compares them."""
    return contents.same(contents.contents(one), contents.contents(other))


def detached(value: Any) -> Any:
    return value.detach() if kind(value) == "tensor" else value


def as_numpy(value: Any) -> Any:
    return value.detach().numpy() if kind(value) == "tensor" else value


def as_half(value: Any) -> Any:
    if kind(value) == "tensor":
        return value.half() if value.is_floating_point() else value
    if kind(value) == "array" and value.dtype.kind == "f":
        return value.astype("float16")
    return value


def as_whole(value: Any) -> Any:
    if kind(value) == "tensor":
        return value.round().long() if value.is_floating_point() else value
    if kind(value) == "array" and value.dtype.kind == "f":
        return value.round().astype("int64")
    return round(value) if kind(value) == "float" else value


def as_bytes(value: Any) -> Any:
    if kind(value) == "tensor" and str(value.dtype) != "torch.bool":
        return value.double().round().clamp(-128, 127).char()
    if kind(value) == "array" and value.dtype.kind in "iuf":
        return value.round().clip(-128, 127).astype("int8")
    return value


def as_floating(value: Any) -> Any:
    if kind(value) == "tensor" and "int" in str(value.dtype):
        return value.float()
    if kind(value) == "array" and value.dtype.kind in "iu":
        return value.astype("float64")
    return value


def turned_round(value: Any) -> Any:
    return value[::-1] if isinstance(value, list | tuple) else value


def reordered(value: Any) -> Any:
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def as_scalar(value: Any) -> Any:
    return sys.modules["numpy"].float64(value) if kind(value) == "float" else value


def as_zero_dim(value: Any) -> Any:
    torch = sys.modules["torch"]
    return torch.tensor(value, dtype=torch.float64) if kind(value) == "float" else value


def _rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        made = copy.copy(value)
        made.update({key: change(one) for key, one in value.items()})
        return made
    rows = [change(one) for one in value]
    named = hasattr(value, "_fields")
    return type(value)(*rows) if named else type(value)(rows)
