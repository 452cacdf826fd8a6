"""Grade files of Moodle and Canvas, filled in for upload.

Moodle's grading worksheet has a row a participant: ``Identifier`` is "Participant
123456"; ``Grade`` and ``Feedback comments`` are filled, where ``Grade can be changed``
does not say No. Its columns are known in English and in Chinese, as both versions of
Moodle call them. Canvas' gradebook has ``Student``, ``ID`` and a column an assignment,
"Welcome (123456)", with a row "Points Possible". Points are scaled to the most that the
file allows. All else stays as it is; work that waits for a person gets no grade.

Both are read before anything is graded, so that a wrong file costs no wait.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path

from bmkit.course.grade.deadlines import told
from bmkit.course.grade.export import plain
from bmkit.course.grade.grade_sheet import (
    BadGradeFile,
    Row,
    Sheet,
    cell,
    put,
    scaled,
)
from bmkit.course.grade.moodle_time import parsed
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.submitted_file import Note
from bmkit.course.words import say

# What Moodle calls them, over its versions.
IDENTIFIER = ("Identifier", "标识符", "识别码")
GRADE = ("Grade", "成绩")
MOST = ("Maximum grade", "最高分", "最高成绩")
CHANGEABLE = ("Grade can be changed", "允许更改成绩")
COMMENTS = ("Feedback comments", "反馈评论", "评论反馈", "反馈意见")
SUBMITTED = ("Last modified (submission)", "上次修改（作业）", "最后修改（学生）")
STATUS = ("Status", "状态")
GRANTED = ("extension", "延期", "宽限")
NO = ("no", "否")
COLUMN = re.compile(r"(?P<title>.+) \((?P<id>\d+)\)")
POSSIBLE = "points possible"


class Moodle:
    """Moodle's grading worksheet.

    Raises:
        BadGradeFile: it is none.
    """

    def __init__(self, path: Path) -> None:
        self.sheet = Sheet.read(path)
        self._id, self._grade = map(self.sheet.needed, (IDENTIFIER, GRADE))
        self._most = self.sheet.needed(MOST)

    def times(self, zone: tzinfo) -> tuple[dict[str, str], list[Note]]:
        """When each participant handed in, and what a teacher should know of that.

        Args:
            zone: the course's, in which Moodle's times are read.

        Returns:
            times in UTC by the participant's number; notes on times that cannot be
            read, and on extensions that Moodle alone knows of.
        """
        when, status = self.sheet.place(SUBMITTED), self.sheet.place(STATUS)
        times, odd, notes = {}, [], []
        for row in self.sheet.rows[1:]:
            said, number = cell(row, when), _number(row, self._id)
            if (time := parsed(said, zone)) is not None:
                times[number] = f"{time:%Y-%m-%d %H:%M:%S} UTC"
            elif said not in ("", "-"):
                odd.append(said)
            if any(word in cell(row, status).lower() for word in GRANTED):
                place = self.sheet.path / cell(row, self._id)
                notes.append(Note(place, say("lms.granted", status=cell(row, status))))
        if odd:
            why = say("lms.times", count=len(odd), time=odd[0])
            notes.append(Note(self.sheet.path, why))
        return times, notes

    def fill(self, verdicts: Iterable[Verdict]) -> Filled:
        """Fill in what was graded, and write it.

        Raises:
            BadGradeFile: which lesson it is for is not clear.
            CannotWrite: it cannot be written there.
        """
        sheet, filled = self.sheet, Filled(self.sheet, verdicts)
        fixed, comments = sheet.place(CHANGEABLE), sheet.place(COMMENTS)
        for row in sheet.rows[1:]:
            found = filled.verdict(_number(row, self._id))
            if found is None or cell(row, fixed).lower() in NO:
                continue
            filled.put(row, self._grade, _grade(found, cell(row, self._most)))
            if comments is not None:
                put(row, comments, plain(_comment(found)))
        sheet.write()
        return filled


class Canvas:
    """Canvas' gradebook.

    Args:
        path: the exported file.
        titles: by which each lesson's column may be called, by slug.

    Raises:
        BadGradeFile: it is none, or no column in it can be a lesson's.
    """

    def __init__(self, path: Path, titles: dict[str, list[str]]) -> None:
        self.sheet, self._titles = Sheet.read(path), titles
        self._id = self.sheet.needed(("ID",))
        self._columns = {
            place: match["title"].strip().casefold()
            for place, name in enumerate(self.sheet.head)
            if (match := COLUMN.fullmatch(name))
        }
        known = {title.casefold() for some in titles.values() for title in some}
        if len(self._columns) != 1 and not known & set(self._columns.values()):
            raise self._unclear()

    def fill(self, verdicts: Iterable[Verdict]) -> Filled:
        """Fill in what was graded, and write it.

        Raises:
            BadGradeFile: no column is clearly the lesson's, or which lesson it is.
            CannotWrite: it cannot be written there.
        """
        filled, rows = Filled(self.sheet, verdicts), self.sheet.rows[1:]
        place = self._column(self._titles.get(filled.slug, []))
        possible = [row for row in rows[:3] if cell(row, 0).lower() == POSSIBLE]
        most = cell(possible[0], place) if possible else ""
        for row in rows:
            found = filled.verdict(cell(row, self._id))
            if found is not None:
                filled.put(row, place, _grade(found, most))
        self.sheet.write()
        return filled

    def _column(self, titles: list[str]) -> int:
        """Where a lesson's grades go: the column called so, or the only one."""
        wanted = {title.casefold() for title in titles}
        named = [place for place, title in self._columns.items() if title in wanted]
        found = named or list(self._columns)
        if len(found) != 1:
            raise self._unclear()
        return found[0]

    def _unclear(self) -> BadGradeFile:
        names = ", ".join(self.sheet.head[place] for place in self._columns) or "-"
        return BadGradeFile(say("lms.assignment", path=self.sheet.path, names=names))


class Filled:
    """What was filled in.

    Attributes:
        path: the new file, beside the given one.
        slug: the lesson: the one that most handed in.
        count: how many grades are in it.
        waiting: students without one, since a person must look first.
        others: students whose work is another lesson's.

    Raises:
        BadGradeFile: which lesson it is for is not clear.
    """

    def __init__(self, sheet: Sheet, verdicts: Iterable[Verdict]) -> None:
        self.path, self.count = sheet.target, 0
        every = list(verdicts)
        counts = Counter(verdict.slug for verdict in every).most_common()
        if len(counts) > 1 and counts[0][1] == counts[1][1]:
            names = ", ".join(sorted(slug for slug, _ in counts))
            raise BadGradeFile(say("lms.lessons", path=sheet.path, names=names))
        self.slug = counts[0][0] if counts else ""
        graded = [one for one in every if one.slug == self.slug]
        self.others = sorted({one.student for one in every if one.slug != self.slug})
        self.waiting = sorted(one.student for one in graded if one.person)
        self._left = {_last(one.student): one for one in graded if not one.person}

    @property
    def missing(self) -> list[str]:
        """Students who were graded, and have no row in the file."""
        return sorted(one.student for one in self._left.values())

    def verdict(self, number: str) -> Verdict | None:
        """The verdict of the student with this number, once."""
        return self._left.pop(number, None)

    def put(self, row: Row, place: int, grade: str) -> None:
        """Write a grade."""
        put(row, place, grade)
        self.count += 1


def _number(row: Row, place: int) -> str:
    """A participant's number: "Participant 101", or in Chinese with no space."""
    found = re.search(r"\d+$", cell(row, place))
    return found[0] if found else ""


def _last(student: str) -> str:
    """The number at the end of a student's name, as `lms` gives it."""
    return student.rpartition("_")[2]


def _grade(verdict: Verdict, most: str) -> str:
    share = verdict.after / verdict.of if verdict.of else 0.0
    return scaled(share, most, verdict.after)


def _comment(verdict: Verdict) -> str:
    """What the learner reads: points for each exercise, and why some are missing."""
    parts = []
    for mark in verdict.marks:
        why = f": {' '.join(mark.message.split())}" if mark.message else ""
        parts.append(f"{mark.exercise} {mark.points:g}/{mark.of:g}{why}")
    late = told(verdict.late, verdict.percent, verdict.lang)
    return "; ".join([*parts, late] if late else parts)[:4000]
