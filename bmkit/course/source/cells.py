"""What a source is made of: cells, each with its Chinese, and what is wrong."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bmkit.course.source.phrase_list import Entry
from bmkit.errors import BmkitError
from bmkit.language import one_line

KINDS = ("exercise", "check", "hint", "mistake", "variant", "equation", "quote")
OPTIONS: dict[str, set[str]] = {
    "prose": set(),
    "code": set(),
    "parameters": {"tags"},
    "exercise": {"exercise", "points", "minutes", "level", "changes"},
    "check": {"check"},
    "hint": {"hint"},
    "mistake": {"mistake", "says", "points"},
    "variant": {"variant"},
    "equation": {"equation", "of"},
    "quote": {"quote"},
}
PROSE = ("prose", "hint", "quote")  # kinds that are Markdown
KEYS = sorted(set().union(*OPTIONS.values()))


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a source, where, and in one line."""

    path: Path
    line: int
    message: str
    note: bool = False  # to be told, while the lesson is built all the same

    def __str__(self) -> str:
        return f"{one_line(self.path)}:{self.line}: {self.message}"


class SourceError(BmkitError):
    """Sources cannot be built; ``problems`` has every reason, in every file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))

    def told(self, command: str) -> str:
        """Every problem with its place, as editors and compilers write it."""
        here = os.getcwd() + os.sep
        return "\n".join(str(one).removeprefix(here) for one in self.problems)


@dataclass
class Twin:
    """The Chinese of a cell.

    Attributes:
        source: the cell in Chinese; a program composed from its list of phrases.
        of: the hash of the English that prose was translated from; a program has none.
        line: where it stands in the file.
        entries: a program's list of phrases.
    """

    source: str
    of: str
    line: int
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Cell:
    """One cell of a source: its kind, the name it belongs to, both languages."""

    kind: str
    name: str
    source: str
    line: int
    options: dict[str, Any]
    markdown: bool
    outputs: bool = False
    fold: bool = False
    twin: Twin | None = None

    def text(self, lang: str) -> str:
        """The cell in ``lang``; code without words is the same in both."""
        return self.twin.source if lang == "zh" and self.twin else self.source

    @property
    def must_speak(self) -> bool:
        """Whether a learner reads it, so that its words must be there in Chinese."""
        return self.kind not in ("mistake", "variant", "parameters")


@dataclass(frozen=True)
class Excuse:
    """Why a mutant of an exercise's reference is right, and where that is said.

    Of an equation: why a change of its cell need not be noticed; ``exercise`` is then
    the label.
    """

    exercise: str
    title: str
    why: str
    line: int
    equation: bool = False


@dataclass
class Source:
    """A whole source file."""

    path: Path
    header: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def exercises(self) -> list[Cell]:
        """The exercise cells, in order."""
        return [cell for cell in self.cells if cell.kind == "exercise"]

    def of(self, kind: str, name: str) -> list[Cell]:
        """The cells of one kind that belong to exercise (or equation) ``name``."""
        return [c for c in self.cells if c.kind == kind and c.name == name]

    def excused(self, name: str, *, equation: bool = False) -> dict[str, str]:
        """What is excused of an exercise or an equation, and why, by title."""
        return {
            one.title: one.why
            for one in self.excuses
            if one.exercise == name and one.equation == equation
        }


def digest(text: str) -> str:
    """The hash that binds a translation to the text it translates."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:8]


def nearest(word: str, known: Iterable[str]) -> str:
    """``: did you mean …?``, where something like ``word`` is known."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {found[0]!r}?" if found else ""


def both(cell: Cell) -> list[tuple[str, int]]:
    """A cell in each of its languages, and the line where that stands."""
    pair = [(cell.source, cell.line)]
    return [*pair, (cell.twin.source, cell.twin.line)] if cell.twin else pair
