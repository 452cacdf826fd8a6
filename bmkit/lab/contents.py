"""What data holds at one moment, kept so that it can be compared with a later one.

Data is numbers, text, arrays, tensors, and what holds them: lists, dictionaries, sets,
tuples, dataclasses. Anything else (a model, an optimiser, a function) is known by its
identity alone: what it holds is its own affair.
"""

from __future__ import annotations

import dataclasses
import random
import sys
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

RTOL, ATOL = 1e-5, 1e-6  # between two calls: as far apart as `expect.close` allows
_PLAIN = (bool, int, float, complex, str, bytes, range, slice, Fraction, Decimal)
_DRAWS = (random.Random, np.random.Generator, np.random.RandomState)


class Contents(NamedTuple):
    """A value as it was.

    Attributes:
        kind: ``number``, ``array``, ``tensor``, ``items``, ``pairs``, ``draws`` for a
            random generator, ``other`` for what is no data.
        what: a copy of its numbers, the contents of its items, or the thing itself.
        type: the value's own.
    """

    kind: str
    what: Any
    type: type


def contents(value: Any, within: tuple[int, ...] = ()) -> Contents:
    """What ``value`` holds now.

    Args:
        value: anything.
        within: the identities of the containers that it stands in.
    """
    kind = type(value)
    if value is None or isinstance(value, (*_PLAIN, np.generic)):
        return Contents("number", value, kind)
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            return contents([kind.__name__, value.shape, *value.flat], within)
        return Contents("array", value.copy(), kind)
    if _is_tensor(value):
        return Contents("tensor", value.detach().clone(), kind)
    if _is_table(value):
        return Contents("table", value.copy(), kind)
    if _is_generator(value):
        return Contents("draws", value, kind)
    if id(value) in within:  # a list that holds itself
        return Contents("other", value, kind)
    deeper = (*within, id(value))
    if isinstance(value, (set, frozenset)):
        return Contents("members", frozenset(value), kind)
    if isinstance(value, bytearray):
        return Contents("number", bytes(value), kind)
    if isinstance(value, (list, tuple, deque)):
        return Contents("items", [contents(one, deeper) for one in value], kind)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        pairs: Any = [(name, getattr(value, name, None)) for name in names]
    elif isinstance(value, dict):
        pairs = value.items()
    else:
        kinds = _torch_kinds()
        return Contents("number" if isinstance(value, kinds) else "other", value, kind)
    parts = [(key, contents(one, deeper)) for key, one in pairs]
    return Contents("pairs", parts, kind)


def is_data(found: Contents) -> bool:
    """Whether all that was found is data: it can be copied, and compared by value."""
    if found.kind == "items":
        return all(map(is_data, found.what))
    if found.kind == "pairs":
        return all(is_data(one) for _, one in found.what)
    return found.kind != "other"


def same(one: Contents, other: Contents, *, near: bool = False) -> bool:
    """Whether two are alike.

    Args:
        one: of a value.
        other: of the same value later, or of another.
        near: whether numbers may differ by rounding.
    """
    if one.kind != other.kind or one.type is not other.type:
        return False
    a, b = one.what, other.what
    if one.kind == "items":
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(same(x, y, near=near) for x, y in pairs)
    if one.kind == "pairs":
        return [key for key, _ in a] == [key for key, _ in b] and all(
            same(x, y, near=near) for (_, x), (_, y) in zip(a, b, strict=True)
        )
    if one.kind == "draws":
        return True
    if one.kind == "other":
        return a is b
    if one.kind in ("array", "tensor"):
        alike = a.shape == b.shape and a.dtype == b.dtype
        return alike and (_near(a, b) if near else _exactly(a, b))
    if one.kind == "table":
        return bool(a.equals(b))
    if one.kind == "number" and isinstance(a, (float, complex, np.inexact)):
        return bool(np.isclose(a, b, RTOL if near else 0, ATOL if near else 0, True))
    return bool(a == b)


def _exactly(a: Any, b: Any) -> bool:
    unset = (a != a) & (b != b)  # NaN alone is not itself
    return bool(((a == b) | unset).all())


def _near(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        numeric = a.dtype.kind in "fc"
        close = np.allclose(a, b, RTOL, ATOL, equal_nan=True) if numeric else False
    else:
        import torch  # loaded already: these are its tensors

        numeric = a.is_floating_point() or a.is_complex()
        close = numeric and torch.allclose(a, b, RTOL, ATOL, equal_nan=True)
    return bool(close) or _exactly(a, b)


def _is_tensor(value: Any) -> bool:
    """An ordinary tensor of PyTorch: one whose numbers can be looked at."""
    torch: Any = sys.modules.get("torch")
    if torch is None or type(value) not in (torch.Tensor, torch.nn.Parameter):
        return False
    if value.layout is not torch.strided or value.is_quantized or value.is_meta:
        return False
    # Under `vmap` a tensor stands for many, and has no numbers of its own.
    return not torch._C._functorch.is_functorch_wrapped_tensor(value)


def _is_table(value: Any) -> bool:
    pandas: Any = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series))


def _is_generator(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    known = _DRAWS if torch is None else (*_DRAWS, torch.Generator)
    return isinstance(value, known)


def _torch_kinds() -> tuple[type, ...]:
    """What of PyTorch never changes and can be compared."""
    torch: Any = sys.modules.get("torch")
    return (torch.dtype, torch.device) if torch is not None else ()
