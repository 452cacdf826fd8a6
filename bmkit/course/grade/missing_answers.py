"""An exercise that no cell of a notebook defines: where its answer may have gone."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import SequenceMatcher

from bmkit.course.grade.bindings import bindings
from bmkit.course.grade.cell_pieces import Piece
from bmkit.course.json_values import JsonObject
from bmkit.lab.cell_magics import defines, loses

ALIKE = 0.8  # of two names, as difflib measures it


def meant(
    name: str, pieces: list[Piece], names: Collection[str]
) -> tuple[str, JsonObject] | None:
    """The cell that a learner may have meant to define an exercise, as a remark.

    Args:
        name: the exercise.
        pieces: the learner's cells.
        names: all exercises.
    """
    for one in filter(lambda one: one.theirs, pieces):
        magic = loses(one.source)
        if magic and defines(one.source, name):
            return "magic", {"name": name, "cell": one.number, "magic": magic}
        for other in sorted({*bindings(one.source).names} - {*names}):
            if _alike(name, other):
                return "near", {"name": name, "cell": one.number, "near": other}
    return None


def deleted(name: str, pieces: list[Piece], held: Collection[str] | None) -> bool:
    """Whether an exercise was in the notebook as it was given out.

    Args:
        name: the exercise.
        pieces: the learner's cells.
        held: the exercises that it had then; None where the notebook does not say.
    """
    if held is not None:
        return name in held
    traces = (f"`{name}`", f'"{name}"', f"{name}(")
    return any(trace in one.source for one in pieces for trace in traces)


def _alike(name: str, other: str) -> bool:
    """Whether one is likely to be a slip of the other: Add, my_add, add2, ad."""
    parts = re.sub(r"\d+$", "", other).casefold()
    if f"_{name.casefold()}_" in f"_{parts}_":
        return True
    first, second = (one.casefold().replace("_", "") for one in (name, other))
    return SequenceMatcher(None, first, second).ratio() >= ALIKE
