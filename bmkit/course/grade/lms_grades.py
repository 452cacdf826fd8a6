"""Grade files of Moodle and Canvas, filled in for upload.

Moodle's grading worksheet has a row a participant: ``Identifier`` is "Participant
123456"; ``Grade`` and ``Feedback comments`` are filled, where ``Grade can be changed``
does not say No. Canvas' gradebook has ``Student``, ``ID`` and a column an assignment,
"Welcome (123456)", with a row "Points Possible". Points are scaled to the most that the
file allows. All else stays as it is; work that waits for a person gets no grade.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bmkit import atomic
from bmkit.course.grade.export import plain
from bmkit.course.grade.result import Verdict
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason

IDENTIFIER, GRADE, MOST = "Identifier", "Grade", "Maximum Grade"
CHANGEABLE, COMMENTS = "Grade can be changed", "Feedback comments"
COLUMN = re.compile(r"(?P<title>.+) \((?P<id>\d+)\)")
POSSIBLE = "points possible"
Rows = list[list[str]]


class BadGradeFile(BmkitError):
    """It is not of the shape that it should be; the message says how."""


@dataclass
class Filled:
    """What was written.

    Attributes:
        path: the new file, beside the given one.
        count: how many grades are in it.
        waiting: students without one, since a person must look first.
    """

    path: Path
    count: int
    waiting: list[str]


def moodle(path: Path, verdicts: Iterable[Verdict]) -> Filled:
    """Fill Moodle's grading worksheet.

    Raises:
        BadGradeFile: it is none, or there are grades of several lessons.
    """
    graded = _by_number(path, verdicts)

    def fill(rows: Rows) -> list[Verdict]:
        head = [name.strip() for name in rows[0]]
        for name in (IDENTIFIER, GRADE, MOST):
            if name not in head:
                raise BadGradeFile(say("lms.column", path=path, name=name))
        done = []
        for row in rows[1:]:
            cells = dict(zip(head, row, strict=False))
            found = graded.get(cells.get(IDENTIFIER, "").rpartition(" ")[2])
            fixed = cells.get(CHANGEABLE, "").strip().lower() == "no"
            if found is None or fixed:
                continue
            row[head.index(GRADE)] = _scaled(found, cells[MOST])
            if COMMENTS in head and head.index(COMMENTS) < len(row):
                row[head.index(COMMENTS)] = plain(_comment(found))
            done.append(found)
        return done

    return _filled(path, graded, fill)


def canvas(path: Path, verdicts: Iterable[Verdict], titles: Iterable[str]) -> Filled:
    """Fill Canvas' gradebook.

    Args:
        path: the exported file.
        verdicts: of one lesson.
        titles: by which the lesson's column may be called.

    Raises:
        BadGradeFile: it is none, no column is clearly the lesson's, or there are grades
            of several lessons.
    """
    graded = _by_number(path, verdicts)

    def fill(rows: Rows) -> list[Verdict]:
        head = [name.strip() for name in rows[0]]
        if "ID" not in head:
            raise BadGradeFile(say("lms.column", path=path, name="ID"))
        place = _column(path, head, list(titles))
        possible = [row for row in rows[1:4] if row[0].strip().lower() == POSSIBLE]
        most = possible[0][place] if possible else ""
        done = []
        for row in rows[1:]:
            found = graded.get(row[head.index("ID")].strip())
            if found is not None and place < len(row):
                row[place] = _scaled(found, most)
                done.append(found)
        return done

    return _filled(path, graded, fill)


def _column(path: Path, head: list[str], titles: list[str]) -> int:
    """Where the lesson's grades go: the column called so, or the only one there is."""
    columns = {
        place: match["title"].strip().casefold()
        for place, name in enumerate(head)
        if (match := COLUMN.fullmatch(name))
    }
    wanted = {title.casefold() for title in titles}
    named = [place for place, title in columns.items() if title in wanted]
    found = named or list(columns)
    if len(found) != 1:
        names = ", ".join(head[place] for place in columns) or "-"
        raise BadGradeFile(say("lms.assignment", path=path, names=names))
    return found[0]


def _by_number(path: Path, verdicts: Iterable[Verdict]) -> dict[str, Verdict]:
    """Verdicts by the number at the end of the student's name, as `lms` gives it."""
    found = {verdict.student.rpartition("_")[2]: verdict for verdict in verdicts}
    slugs = sorted({verdict.slug for verdict in found.values()})
    if len(slugs) > 1:
        raise BadGradeFile(say("lms.lessons", path=path, names=", ".join(slugs)))
    return found


def _filled(
    path: Path, graded: dict[str, Verdict], fill: Callable[[Rows], list[Verdict]]
) -> Filled:
    """Read, fill and write beside; a verdict that waits for a person is left out."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except OSError as error:
        raise BadGradeFile(say("main.refused", path=path, why=reason(error))) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadGradeFile(say("lms.csv", path=path, why=error)) from None
    if not rows:
        raise BadGradeFile(say("lms.csv", path=path, why="0"))
    waiting = [one.student for one in graded.values() if one.person]
    for number in [n for n, one in graded.items() if one.person]:
        del graded[number]
    done = fill(rows)
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    target = path.with_name(f"{path.stem}.filled.csv")
    mark = raw[:3] if raw.startswith(b"\xef\xbb\xbf") else b""
    with atomic.draft(target) as draft:
        draft.write_bytes(mark + sheet.getvalue().encode("utf-8", "replace"))
    return Filled(target, len(done), sorted(waiting))


def _scaled(verdict: Verdict, most: str) -> str:
    """Points on the scale of the file; as they are where it has none."""
    try:
        top = float(most.strip().replace(",", "."))
    except ValueError:
        top = verdict.of
    value = verdict.after / verdict.of * top if verdict.of else 0.0
    return f"{round(value, 2):g}"


def _comment(verdict: Verdict) -> str:
    """What the learner reads: points for each exercise, and why some are missing."""
    parts = []
    for mark in verdict.marks:
        why = f": {' '.join(mark.message.split())}" if mark.message else ""
        parts.append(f"{mark.exercise} {mark.points:g}/{mark.of:g}{why}")
    return "; ".join(parts)[:4000]
