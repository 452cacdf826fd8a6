"""Values of JSON from outside, where nobody has promised any type.

A notebook that a learner hands in may hold a number where a dictionary belongs. What
is of another type than the format says counts as absent.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")
JsonObject = dict[str, Any]  # what its fields hold is looked at where they are read


def as_dict(value: object) -> JsonObject:
    """The value if it is a dictionary; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """A notebook's text: a string, or a list of them joined; anything else is none."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def shaped(value: object, form: type[T]) -> T:
    """A value that must have a form, such as what an earlier run kept in a file.

    Args:
        value: what `json.loads` gave.
        form: a type of JSON, a tuple (JSON keeps it as a list), a `TypedDict`, or a
            dataclass. What of a dictionary they have no field for does no harm, as
            another version may write more: a `TypedDict` keeps it, a dataclass not.

    Raises:
        ValueError: it has another form.
    """
    made: T = _shaped(value, form)
    return made


_hints = cache(get_type_hints)


def _shaped(value: Any, form: Any) -> Any:
    kind: Any = get_origin(form) or form
    inner = get_args(form)
    if form is Any or (form is float and type(value) is int):
        return value
    if is_dataclass(kind) or is_typeddict(kind):
        hints, given = _hints(kind), _shaped(value, dict)
        known = {n: _shaped(given[n], hints[n]) for n in hints if n in given}
        if is_typeddict(kind):
            if len(known) < len(hints):
                lacking = sorted(hints.keys() - known)
                raise ValueError(f"{kind.__name__} lacks {lacking}")
            return {**given, **known}
        try:
            return kind(**known)
        except TypeError as error:  # a field is missing
            raise ValueError(str(error)) from None
    wanted: Any = list if kind is tuple else kind
    if type(value) is not wanted:
        raise ValueError(f"{kind.__name__} expected, not {type(value).__name__}")
    if kind is tuple:
        forms = [inner[0]] * len(value) if inner[1:] == (...,) else inner
        return tuple(_shaped(*pair) for pair in zip(value, forms, strict=True))
    if kind is list and inner:
        return [_shaped(one, inner[0]) for one in value]
    if kind is dict and inner:
        return {name: _shaped(one, inner[1]) for name, one in value.items()}
    return value
