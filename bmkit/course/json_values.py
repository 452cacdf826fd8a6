"""Values of JSON from outside, where nobody has promised any type.

A notebook that a learner hands in may hold a number where a dictionary belongs. What
is of another type than the format says counts as absent.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

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


def known_fields(form: type, found: dict[str, Any]) -> dict[str, Any]:
    """What of ``found`` a dataclass has a field for: another version may write more."""
    names = {one.name for one in fields(form)}
    return {name: value for name, value in found.items() if name in names}
