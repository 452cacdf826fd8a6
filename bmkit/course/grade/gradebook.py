"""The grade book: nbgrader's own database, with each verdict beside its scores.

SQLite or PostgreSQL, by SQLAlchemy's URL. What is written here Formgrader, ``nbgrader
export`` and nbgrader's Python interface read as their own. A verdict and its scores go
in together in one transaction, so that whatever ends the process, both are there or
neither is, and grading can go on where it stopped.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmkit.course import atomic
from bmkit.course.build import nbgrader_cells
from bmkit.course.grade.database import BookError, engine, make_tables, told
from bmkit.course.grade.result import Verdict
from bmkit.course.words import say

if TYPE_CHECKING:
    from datetime import datetime

    from nbformat import NotebookNode
    from sqlalchemy import ColumnElement, Connection, Exists, Table
    from sqlalchemy.dialects.postgresql import Insert

    from bmkit.course.source.catalog import Lesson

    Condition = ColumnElement[bool]

COURSE = "bmkit"


def default_url(folder: Path) -> str:
    """Where stock nbgrader keeps the grade book of a course folder."""
    return f"sqlite:///{(folder / 'gradebook.db').absolute()}"


@dataclass
class _Assignment:
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


class Book:
    """A grade book, open. Use as a context manager.

    Args:
        url: SQLAlchemy's: ``sqlite:////folder/gradebook.db`` or
            ``postgresql://user:password@host/database``. Missing tables are made.

    Raises:
        BookError: it cannot be opened; the message says what to do. Every method may
            raise it too.
    """

    def __init__(self, url: str) -> None:
        with told(url):
            self._engine = engine(url)
            self.url = self._engine.url.render_as_string(hide_password=False)
            self._verdict = make_tables(self._engine)

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *stop: object) -> None:
        self._engine.dispose()

    def prepare(self, lesson: Lesson, lang: str = "en") -> None:
        """Make the lesson an assignment, as ``nbgrader generate_assignment`` does.

        Doing it again brings points and tests up to date. What was cut short by a
        killed process is mended by the next call.

        Args:
            lesson: whose exercises become graded cells.
            lang: the language of the cells that the database keeps.
        """
        from bmkit.course.build.notebooks import source_notebook

        book = source_notebook(lesson, lang)
        with told(self.url), warnings.catch_warnings():
            # nbgrader 0.9 with SQLAlchemy 2: notes on its own flushing.
            warnings.filterwarnings("ignore", module=r"nbgrader\.api")
            try:
                _save_cells(book, lesson.slug, self.url)
            except RuntimeError:
                raise BookError(say("book.changed", slug=lesson.slug)) from None

    def record(self, verdict: Verdict, submitted: str = "") -> bool:
        """Write a verdict and its scores, all or nothing.

        A teacher's manual scores, extra credit and comments stay. Another file of the
        same student for the same lesson takes the earlier one's place.

        Args:
            verdict: of a lesson that was prepared.
            submitted: what the submission's ``timestamp.txt`` says, if it has one;
                Formgrader takes a submission with another time for ungraded.

        Returns:
            whether anything changed: not, when this very verdict was there already.
        """
        from nbgrader import api
        from sqlalchemy import select

        text, row = _encodable(verdict.dumps()), self._verdict.c
        mine = {"student": verdict.student, "slug": verdict.slug}
        with told(self.url), self._engine.begin() as link:
            # First, for its lock: two gradings of one student wait for each other.
            _row(link, api.Student.__table__, {"id": verdict.student})
            before = select(row.verdict).where(self._whole())
            if link.execute(before.filter_by(**mine)).scalar() == text:
                return False
            ids = _assignment(link, verdict.slug)
            handed = {"assignment_id": ids.id, "student_id": verdict.student}
            table, when = api.SubmittedAssignment.__table__, _time(submitted)
            submission = _row(link, table, handed, timestamp=when)
            book = {"assignment_id": submission, "notebook_id": ids.notebook}
            notebook = _row(link, api.SubmittedNotebook.__table__, book)
            _grades(link, verdict, ids, notebook)
            _comments(link, verdict, ids, notebook)
            _row(link, self._verdict, mine, key=verdict.key, verdict=text)
        return True

    def stamp(self, student: str, slug: str, submitted: str) -> None:
        """Take over the time at which a graded file was handed in once more.

        Without it, Formgrader wants the same file graded again.
        """
        from nbgrader import api
        from sqlalchemy import select

        handed, one = api.SubmittedAssignment.__table__, api.Assignment.__table__
        same = select(one.c.id).where(one.c.name == slug).scalar_subquery()
        mine = (handed.c.student_id == student, handed.c.assignment_id == same)
        with told(self.url), self._engine.begin() as link:
            link.execute(
                handed.update().where(*mine).values(timestamp=_time(submitted))
            )

    def known(self) -> set[tuple[str, str, str]]:
        """Student, lesson and file key of every verdict: what is done."""
        from sqlalchemy import select

        row = self._verdict.c
        rows = select(row.student, row.slug, row.key).where(self._whole())
        with told(self.url), self._reading() as link:
            return {tuple(one) for one in link.execute(rows)}

    def verdicts(self, slug: str | None = None) -> Iterator[Verdict]:
        """Every verdict, of one lesson if asked, by lesson and student; one at a time.

        Nothing is locked between two of them, and never more than one is in memory.
        """
        from sqlalchemy import select

        row = self._verdict.c
        rows = select(row.slug, row.student).where(self._whole())
        rows = rows.order_by(row.slug, row.student)
        with told(self.url), self._reading() as link:
            found = link.execute(rows if slug is None else rows.where(row.slug == slug))
            keys = [tuple(key) for key in found]
        for lesson, student in keys:
            one = select(row.verdict).where(row.slug == lesson, row.student == student)
            with told(self.url), self._reading() as link:
                text = link.execute(one).scalar()
            if text is not None:
                yield Verdict.loads(text)

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(bmkit_reads=True)

    def _whole(self) -> Exists:
        """Whether a verdict's submission is still there: teachers may remove it."""
        from nbgrader import api
        from sqlalchemy import exists

        handed, one = api.SubmittedAssignment.__table__.c, api.Assignment.__table__.c
        return exists().where(
            handed.student_id == self._verdict.c.student,
            handed.assignment_id == one.id,
            one.name == self._verdict.c.slug,
        )


def write_notebook(folder: Path, verdict: Verdict, submitted: str = "") -> Path:
    """Put the graded notebook where Formgrader looks for it, whole or not at all.

    Args:
        folder: the course folder.
        verdict: whose notebook.
        submitted: as for `Book.record`; kept beside it, as nbgrader does.

    Returns:
        ``autograded/<student>/<lesson>/<lesson>.ipynb``.
    """
    home = folder / "autograded" / verdict.student / verdict.slug
    stamp, target = home / "timestamp.txt", home / f"{verdict.slug}.ipynb"
    if submitted:
        atomic.write(stamp, _encodable(submitted))
    else:
        stamp.unlink(missing_ok=True)
    return atomic.write(target, _encodable(verdict.notebook))


def _encodable(text: str) -> str:
    """JSON without lone surrogates, which no database or file takes: escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _time(submitted: str) -> datetime | None:
    """A ``timestamp.txt`` as nbgrader reads it; None where it says nothing."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(submitted.strip()) if submitted.strip() else None
    except (ValueError, OverflowError):
        return None


def _assignment(link: Connection, slug: str) -> _Assignment:
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
    ids = _Assignment(*found)
    kinds = {"GradeCell": ids.grades, "SolutionCell": ids.answers}
    cells = select(cell.type, cell.name, cell.id)
    for kind, name, one in link.execute(cells.where(cell.notebook_id == ids.notebook)):
        kinds.get(kind, {})[name] = one
    sums = select(source.name, source.checksum)
    rows = link.execute(sums.where(source.notebook_id == ids.notebook))
    ids.stubs = {name: digest for name, digest in rows if name in ids.answers}
    return ids


def _row(
    link: Connection, table: Table, identity: dict[str, str], **values: object
) -> str:
    """Make the row of this identity or bring it up to date; return its first column."""
    insert = _insert(link)(table).values(**identity, **values)
    update = insert.on_conflict_do_update(
        index_elements=list(identity), set_={**identity, **values}
    )
    return str(link.execute(update.returning(next(iter(table.c)))).scalar_one())


def _unanswered(verdict: Verdict, ids: _Assignment) -> set[str]:
    """The solution cells that are as they were given out."""
    import nbformat
    from nbgrader.utils import compute_checksum

    empty = set()
    cells = json.loads(verdict.notebook)["cells"] if verdict.notebook else []
    for cell in cells:
        name = nbgrader_cells.grade_id(cell)
        if name in ids.answers:
            cell = nbformat.from_dict({**cell, "source": "".join(cell["source"])})
            if compute_checksum(cell) == ids.stubs.get(name):
                empty.add(name)
    return empty


def _grades(
    link: Connection, verdict: Verdict, ids: _Assignment, notebook: str
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

    _cells(link, grade, notebook, rows, needs_manual_grade=asked)


def _comments(
    link: Connection, verdict: Verdict, ids: _Assignment, notebook: str
) -> None:
    """Say of an unchanged answer what stock nbgrader says."""
    from nbgrader import api

    empty = _unanswered(verdict, ids)
    rows = {
        cell: {"auto_comment": "No response." if name in empty else None}
        for name, cell in ids.answers.items()
    }
    _cells(link, api.Comment.__table__, notebook, rows)


def _cells(
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


def _save_cells(book: NotebookNode, slug: str, url: str) -> None:
    """What ``nbgrader generate_assignment`` does to the database."""
    from nbgrader import api

    with api.Gradebook(url, COURSE) as gradebook:
        gradebook.update_or_create_assignment(slug)
    names = {"notebook": slug, "assignment": slug, "db_url": url}
    nbgrader_cells.assigned(book, {"nbgrader": names})
