"""Altered values: what the changed cells of `perturbations` compute with.

Each takes numbers, arrays, tensors and lists of them, and refuses anything else: then
the change made no sense.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def double(value: Any) -> Any:
    """Twice a value, entry by entry."""
    return _each(lambda one: 2 * one, value)


def square(value: Any) -> Any:
    """A value's square, entry by entry; a mask of zeros and ones is its own."""
    return _each(_squared, value)


def negated(value: Any) -> Any:
    """A value, or a function's values, with the other sign."""
    if callable(value):
        return lambda **names: negated(value(**names))
    return _each(lambda one: -one, value)


def tight(bound: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gives 0.95 of what ``bound`` gives."""
    return lambda **names: _each(lambda one: 0.95 * one, bound(**names))


def like(value: Any, other: Any) -> Any:
    """The other value, if it can stand for the first: of its shape, not the same."""
    shape = _shape(value)
    if shape != _shape(other) or (shape and value is other):
        raise TypeError
    return other


def mean(values: Iterable[Any], start: Any = 0) -> Any:
    """The mean, called like `sum`."""
    found = list(values)
    return sum(found, start) / len(found)


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)([_each(change, one) for one in value])
    _shape(value)
    return change(value)


def _squared(value: Any) -> Any:
    plain = value.detach().cpu() if hasattr(value, "detach") else value
    if np.ndim(plain) and set(np.ravel(plain).tolist()) == {0, 1}:
        raise TypeError
    return value**2


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of numbers.

    Raises:
        TypeError: for what holds none.
    """
    kind = str(getattr(value, "dtype", np.asarray(value).dtype))
    if not any(word in kind for word in ("int", "float", "complex")):
        raise TypeError
    return tuple(getattr(value, "shape", np.shape(value)))


HELPERS = {
    f"_{one.__name__}": one for one in (double, square, negated, tight, like, mean)
}
