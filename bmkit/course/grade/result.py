"""What grading one submission comes to: plain data that crosses any process.

An engine makes a `Verdict`; the grade book, the feedback, the exports and the room's
page are made from it and from nothing else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from bmkit.course.json_values import JsonObject, as_dict, as_list, shaped

LARGEST = 1e9  # points and seconds: more, or no number at all, no grading gives
VERSION = 1  # of what `Verdict.dumps` writes; more where a field's meaning changes


@dataclass
class Mark:
    """One exercise's outcome: points, and in words why they are not all there.

    Attributes:
        exercise: its name; its check cell's grade id is ``check-<name>``.
        points: points earned.
        of: points there were.
        message: what the failed check said, in the learner's terms; empty when passed.
        hint: the lesson's first hint, when points are missing.
        mistake: the ``says`` of the known mistake that the message tells of, if one.
    """

    exercise: str
    points: float
    of: float
    message: str = ""
    hint: str = ""
    mistake: str = ""


@dataclass
class Verdict:
    """A submission's marks, and what a person should know of it.

    Attributes:
        student: who handed it in; empty for one's own work.
        slug: the lesson, which is the assignment's name.
        lang: the language of what the learner is told.
        marks: one for each exercise of the lesson, in its order.
        remarks: what was put right or left out, a sentence each.
        person: why a person must look before the points count; empty when none need.
        notebook: the notebook as run, with outputs, as JSON (nbformat 4).
        key: SHA-256 of the file that was handed in.
        seconds: wall time of the grading.
        late: seconds that it was handed in after it was due.
        percent: of its points that this costs.
        version: of this form, as it was written.
    """

    student: str
    slug: str
    lang: str = "en"
    marks: list[Mark] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    person: list[str] = field(default_factory=list)
    notebook: str = ""
    key: str = ""
    seconds: float = 0.0
    late: float = 0.0
    percent: float = 0.0
    version: int = VERSION

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(mark.points for mark in self.marks)

    @property
    def of(self) -> float:
        """Points there were."""
        return sum(mark.of for mark in self.marks)

    @property
    def penalty(self) -> float:
        """Points that are taken off since it came late."""
        return self.points * self.percent / 100

    @property
    def after(self) -> float:
        """Points that are left."""
        return self.points - self.penalty

    def cells(self) -> list[JsonObject]:
        """The notebook's cells; none where there is no notebook."""
        book = as_dict(json.loads(self.notebook or "{}"))
        return [cell for cell in as_list(book.get("cells")) if isinstance(cell, dict)]

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> Verdict:
        """From what `dumps` gave, in this version of bmkit or another.

        Fields that this version does not know are left out.

        Raises:
            ValueError: it is no verdict, or of a version that means something else.
        """
        try:
            found = shaped({"version": 0, **json.loads(text)}, cls)
            found.cells()
        except (TypeError, RecursionError) as error:
            raise ValueError(f"no verdict: {error}") from None
        numbers = [found.seconds, found.late, found.percent]
        numbers += [n for mark in found.marks for n in (mark.points, mark.of)]
        if not all(abs(number) <= LARGEST for number in numbers):  # NaN is not, either
            raise ValueError("no verdict: a number that is none")
        if found.version > VERSION:
            raise ValueError(f"version {found.version}: this bmkit reads {VERSION}")
        return found
