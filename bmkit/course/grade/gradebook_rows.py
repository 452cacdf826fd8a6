"""Rows of nbgrader's tables: a submission's scores and comments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bmkit.course.build import nbgrader_cells
from bmkit.course.grade.database import BookError
from bmkit.course.grade.result import Verdict
from bmkit.course.words import say

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.dialects.postgresql import Insert

    Condition = ColumnElement[bool]


@dataclass
class Assignment:
    """The ids of an assignment's rows.

    Attributes:
        grades: of the graded cells, by grade id.
        answers: of the cells that learners write, by grade id.
        stubs: checksums of the latter as given out.
    """

    id: str
    notebook: str
    grades: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    stubs: dict[str, str] = field(default_factory=dict)


def encodable(text: str) -> str:
    """JSON without lone surrogates, which no database or file takes: escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def parsed_time(submitted: str) -> datetime | None:
    """A ``timestamp.txt`` as nbgrader reads it; None where it says nothing."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(submitted.strip()) if submitted.strip() else None
    except (ValueError, ArithmeticError):  # a stranger wrote it
        return None


def assignment(link: Connection, slug: str) -> Assignment:
    """The ids of a lesson's rows.

    Raises:
        BookError: the lesson was not prepared.
    """
    from nbgrader import api
    from sqlalchemy import select

    notebook, assignment = api.Notebook.__table__.c, api.Assignment.__table__.c
    cell, source = api.BaseCell.__table__.c, api.SourceCell.__table__.c
    found = link.execute(
        select(assignment.id, notebook.id)
        .where(notebook.assignment_id == assignment.id)
        .where(assignment.name == slug, notebook.name == slug)
    ).first()
    if found is None:
        raise BookError(say("book.unprepared", slug=slug))
    ids = Assignment(*found)
    kinds = {"GradeCell": ids.grades, "SolutionCell": ids.answers}
    cells = select(cell.type, cell.name, cell.id)
    for kind, name, one in link.execute(cells.where(cell.notebook_id == ids.notebook)):
        kinds.get(kind, {})[name] = one
    sums = select(source.name, source.checksum)
    rows = link.execute(sums.where(source.notebook_id == ids.notebook))
    ids.stubs = {name: digest for name, digest in rows if name in ids.answers}
    return ids


def upsert(
    link: Connection, table: Table, identity: dict[str, str], **values: object
) -> str:
    """Make the row of this identity or bring it up to date; return its first column."""
    insert = _insert(link)(table).values(**identity, **values)
    update = insert.on_conflict_do_update(
        index_elements=list(identity), set_={**identity, **values}
    )
    return str(link.execute(update.returning(next(iter(table.c)))).scalar_one())


def _unanswered(verdict: Verdict, ids: Assignment) -> set[str]:
    """The solution cells that are as they were given out."""
    import nbformat
    from nbgrader.utils import compute_checksum

    empty = set()
    for cell in verdict.cells():
        name = nbgrader_cells.grade_id(cell)
        if name in ids.answers:
            cell = nbformat.from_dict({**cell, "source": "".join(cell["source"])})
            if compute_checksum(cell) == ids.stubs.get(name):
                empty.add(name)
    return empty


def write_grades(
    link: Connection, verdict: Verdict, ids: Assignment, notebook: str
) -> None:
    """Write each score; one that a teacher gave by hand stays, to be looked at."""
    from nbgrader import api
    from sqlalchemy import or_

    grade = api.Grade.__table__
    marks = {nbgrader_cells.check_id(mark.exercise): mark for mark in verdict.marks}
    unknown = sorted(set(marks) - set(ids.grades))
    if unknown:
        names = ", ".join(unknown)
        raise BookError(say("book.unknown", slug=verdict.slug, names=names))
    rows = {}
    for name, cell in ids.grades.items():
        mark = marks.get(name)
        rows[cell] = {
            "auto_score": mark.points if mark else None,
            "needs_manual_grade": mark is None or bool(verdict.person),
        }

    def asked(needs: Condition) -> Condition:
        return or_(grade.c.manual_score.is_not(None), needs)

    _upsert_cells(link, grade, notebook, rows, needs_manual_grade=asked)


@dataclass(frozen=True)
class GivenByHand:
    """What a teacher made of one submission.

    Attributes:
        points: where they are not ours, by the graded cell's id.
        open: whether a cell still waits for somebody to look.
    """

    points: dict[str, float]
    open: bool


def given_by_hand(link: Connection) -> dict[tuple[str, str], GivenByHand]:
    """By student and lesson, wherever a teacher gave points."""
    from nbgrader import api
    from sqlalchemy import select

    grade, cell = api.Grade.__table__.c, api.BaseCell.__table__.c
    book, handed = (
        api.SubmittedNotebook.__table__.c,
        api.SubmittedAssignment.__table__.c,
    )
    one = api.Assignment.__table__.c
    rows = link.execute(
        select(
            *(handed.student_id, one.name, cell.name, grade.auto_score),
            *(grade.manual_score, grade.extra_credit, grade.needs_manual_grade),
        )
        .where(grade.cell_id == cell.id, grade.notebook_id == book.id)
        .where(book.assignment_id == handed.id, handed.assignment_id == one.id)
    )
    found: dict[tuple[str, str], GivenByHand] = {}
    waiting: set[tuple[str, str]] = set()
    for student, slug, name, auto, manual, extra, needs in rows:
        key = student, slug
        if needs:
            waiting.add(key)
        if manual is not None or extra is not None:
            own = found.setdefault(key, GivenByHand({}, False))
            own.points[name] = (auto if manual is None else manual) or 0.0
            own.points[name] += extra or 0.0
    return {key: replace(own, open=key in waiting) for key, own in found.items()}


def write_comments(
    link: Connection, verdict: Verdict, ids: Assignment, notebook: str
) -> None:
    """Say of an unchanged answer what stock nbgrader says."""
    from nbgrader import api

    empty = _unanswered(verdict, ids)
    rows = {
        cell: {"auto_comment": "No response." if name in empty else None}
        for name, cell in ids.answers.items()
    }
    _upsert_cells(link, api.Comment.__table__, notebook, rows)


def _upsert_cells(
    link: Connection,
    table: Table,
    notebook: str,
    rows: dict[str, dict[str, Any]],
    **instead: Callable[[Condition], Condition],
) -> None:
    """Insert a row for each cell, or update the one that is there."""
    if not rows:
        return
    insert = _insert(link)(table)
    new: dict[str, Condition] = {
        name: insert.excluded[name] for name in next(iter(rows.values()))
    }
    for name, rule in instead.items():
        new[name] = rule(new[name])
    link.execute(
        insert.on_conflict_do_update(
            index_elements=["cell_id", "notebook_id"], set_=new
        ),
        [
            {"notebook_id": notebook, "cell_id": cell, **values}
            for cell, values in rows.items()
        ],
    )


def _insert(link: Connection) -> Callable[[Table], Insert]:
    """The database's own ``INSERT … ON CONFLICT``."""
    from sqlalchemy.dialects import postgresql, sqlite

    return (sqlite if link.dialect.name == "sqlite" else postgresql).insert
