"""What came of running one lesson: plain data that crosses any process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

from bmkit.course.words import say

VERSION = 2  # of `Result`; more where a field's meaning changes
GOOD = ("passed", "unchanged", "skipped")


class Claim(TypedDict):
    """A takeaway, whether the run bore it out, and the measurements behind it.

    ``control`` has the numbers of what it was compared with, ``against`` says what that
    is, ``certain`` why there is none, and ``why`` what refuted it; each may be empty.
    """

    text: str
    holds: bool
    numbers: dict[str, Any]
    control: dict[str, Any]
    against: str
    certain: str
    why: str
    kind: str  # claim, or equation


class Answer(TypedDict):
    """An answer of which the grader's verdict is known, and what the grader said."""

    kind: str
    expected: str
    ok: bool
    says: str
    message: str


class Grader(TypedDict):
    """What an exercise's grader said of every such answer."""

    exercise: str
    points: float
    rows: list[Answer]
    ok: bool


class Mutant(TypedDict):
    """A mutant that its check did not catch, or what is wrong with an excuse.

    Of an equation likewise: a change of its cell that the comparison did not notice.

    ``kind`` is survivor, excused, misjudged (a harmless change that the check does not
    take, in no words of its own), stale (an excuse of what is caught) or control (the
    reference itself failed). ``line`` is that of the cell, 0 for none.
    """

    kind: str
    title: str
    line: int
    message: str
    ok: bool
    code: str


class Mutants(TypedDict):
    """What came of an exercise's mutants; ``skipped`` says why none was tried.

    For an equation ``exercise`` is its label.
    """

    exercise: str
    made: int
    caught: int
    skipped: str
    seconds: float
    rows: list[Mutant]


@dataclass
class Result:
    """What came of a job; ``seconds`` of wall time, ``memory`` in bytes at its peak.

    ``version`` is of this form, as it was written.
    """

    slug: str
    title: str
    status: str
    seconds: float = 0.0
    memory: int = 0
    message: str = ""
    traceback: str = ""
    cell: str = ""
    claims: list[Claim] = field(default_factory=list)
    graders: list[Grader] = field(default_factory=list)
    mutants: list[Mutants] = field(default_factory=list)
    equations: list[Mutants] = field(default_factory=list)
    figures: list[dict[str, str]] = field(default_factory=list)
    notebook: str = ""
    data: dict[str, list[str]] = field(default_factory=dict)  # as `bmkit.data.used`
    key: str = ""
    version: int = VERSION

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with the lesson."""
        return self.status in GOOD

    @property
    def stand_ins(self) -> list[str]:
        """The data sets of which the lesson took the stand-in."""
        return [
            name
            for name, found in self.data.items()
            if any(what.startswith("stand-in:") for what in found)
        ]

    @property
    def mutants_wrong(self) -> dict[str, list[Mutant]]:
        """By exercise, what mutants tell is wrong with its check or its excuses."""
        return _wrong(self.mutants)

    @property
    def mutants_told(self) -> dict[str, int]:
        """How many mutants were made, caught and excused, and how many survived."""
        return _told(self.mutants)

    @property
    def equations_wrong(self) -> dict[str, list[Mutant]]:
        """By label, the changes that an equation's cell does not notice."""
        return _wrong(self.equations)

    @property
    def equations_told(self) -> dict[str, int]:
        """How many changes of equations were made, caught, excused; how many not."""
        return _told(self.equations)

    @property
    def says(self) -> str:
        """The status in the user's language."""
        return say(f"status.{self.status.replace(' ', '_')}")


def _wrong(tried: list[Mutants]) -> dict[str, list[Mutant]]:
    rows = {
        one["exercise"]: [row for row in one["rows"] if not row["ok"]] for one in tried
    }
    return {exercise: wrong for exercise, wrong in rows.items() if wrong}


def _told(tried: list[Mutants]) -> dict[str, int]:
    rows = [row for one in tried for row in one["rows"]]
    return {
        "made": sum(one["made"] for one in tried),
        "caught": sum(one["caught"] for one in tried),
        "survivors": sum(row["kind"] in ("survivor", "misjudged") for row in rows),
        "excused": sum(row["kind"] == "excused" for row in rows),
    }
