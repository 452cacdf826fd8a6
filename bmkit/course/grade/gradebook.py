"""The grade book: nbgrader's own database, with each verdict beside its scores.

SQLite or PostgreSQL, by SQLAlchemy's URL. What is written here Formgrader, ``nbgrader
export`` and nbgrader's Python interface read as their own. A verdict and its scores go
in together in one transaction, so that whatever ends the process, both are there or
neither is, and grading can go on where it stopped.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bmkit import atomic
from bmkit.course.build import nbgrader_cells
from bmkit.course.grade import receipt
from bmkit.course.grade.database import BookError, engine, make_tables, told
from bmkit.course.grade.gradebook_rows import (
    assignment,
    encodable,
    given_by_hand,
    parsed_time,
    upsert,
    write_comments,
    write_grades,
)
from bmkit.course.grade.result import Verdict
from bmkit.course.report import harmless
from bmkit.course.words import say

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from sqlalchemy import ColumnElement, Connection, Exists

    from bmkit.course.source.catalog import Lesson

    Condition = ColumnElement[bool]

COURSE = "bmkit"


def default_url(folder: Path) -> str:
    """Where stock nbgrader keeps the grade book of a course folder.

    nbgrader itself joins ``sqlite:///`` and the path, in which a "?" ends the path and
    "%20" is a space; ``nbgrader_config.py`` gives it this URL.
    """
    from sqlalchemy.engine import URL

    path = str((folder / "gradebook.db").absolute())
    return URL.create("sqlite", database=path).render_as_string(hide_password=False)


class _Row(NamedTuple):
    student: str
    slug: str
    key: str


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

        text, row = encodable(verdict.dumps()), self._verdict.c
        mine = {"student": verdict.student, "slug": verdict.slug}
        with told(self.url), self._engine.begin() as link:
            # First, for its lock: two gradings of one student wait for each other.
            upsert(link, api.Student.__table__, {"id": verdict.student})
            before = select(row.verdict).where(self._whole())
            if link.execute(before.filter_by(**mine)).scalar() == text:
                return False
            ids = assignment(link, verdict.slug)
            handed = {"assignment_id": ids.id, "student_id": verdict.student}
            table, when = api.SubmittedAssignment.__table__, parsed_time(submitted)
            submission = upsert(link, table, handed, timestamp=when)
            book = {"assignment_id": submission, "notebook_id": ids.notebook}
            cost = verdict.penalty if verdict.late else None
            table = api.SubmittedNotebook.__table__
            notebook = upsert(link, table, book, late_submission_penalty=cost)
            write_grades(link, verdict, ids, notebook)
            write_comments(link, verdict, ids, notebook)
            upsert(link, self._verdict, mine, key=verdict.key, verdict=text)
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
                handed.update().where(*mine).values(timestamp=parsed_time(submitted))
            )

    def due(self, slug: str, when: datetime) -> None:
        """Tell nbgrader when a lesson is due; it keeps times in UTC."""
        from nbgrader import api

        one = api.Assignment.__table__
        time = when.astimezone(UTC).replace(tzinfo=None)
        with told(self.url), self._engine.begin() as link:
            link.execute(one.update().where(one.c.name == slug).values(duedate=time))

    def charge(self, student: str, slug: str, percent: float) -> None:
        """Take a percentage off the score that a late submission has now.

        What a teacher gave by hand is in it. nbgrader's own grading knows nothing of
        the course's deadlines, and sets the penalty back.
        """
        from nbgrader import api
        from sqlalchemy import func, select

        notebook, grade = api.SubmittedNotebook.__table__, api.Grade.__table__
        handed, one = api.SubmittedAssignment.__table__.c, api.Assignment.__table__.c
        mine = (
            select(handed.id)
            .where(handed.assignment_id == one.id, one.name == slug)
            .where(handed.student_id == student)
        ).scalar_subquery()
        given = func.coalesce(grade.c.manual_score, grade.c.auto_score, 0.0)
        points = given + func.coalesce(grade.c.extra_credit, 0.0)
        score = select(func.coalesce(func.sum(points), 0.0)).where(
            grade.c.notebook_id == notebook.c.id
        )
        change = notebook.update().where(notebook.c.assignment_id == mine)
        cost = score.scalar_subquery() * (percent / 100)
        with told(self.url), self._engine.begin() as link:
            link.execute(change.values(late_submission_penalty=cost))

    def times(self) -> dict[tuple[str, str], datetime]:
        """When each submission was handed in, by student and lesson, where it says."""
        from nbgrader import api
        from sqlalchemy import select

        handed, one = api.SubmittedAssignment.__table__.c, api.Assignment.__table__.c
        rows = select(handed.student_id, one.name, handed.timestamp)
        rows = rows.where(handed.assignment_id == one.id)
        with told(self.url), self._reading() as link:
            return {(who, slug): when for who, slug, when in link.execute(rows) if when}

    def known(self) -> set[tuple[str, str, str]]:
        """Student, lesson and file key of every verdict: what is done.

        One that cannot be read is none: its file will be graded anew.
        """
        return {
            (row.student, row.slug, row.key)
            for row, verdict in self._rows()
            if verdict is not None
        }

    def unreadable(self) -> list[tuple[str, str]]:
        """Student and lesson of each verdict that this bmkit cannot read."""
        return [(row.student, row.slug) for row, found in self._rows() if found is None]

    def verdicts(self, slug: str | None = None) -> Iterator[Verdict]:
        """Every verdict, of one lesson if asked, by lesson and student; one at a time.

        Nothing is locked between two of them, and never more than one is in memory.
        Those that cannot be read are left out.
        """
        for _, verdict in self._rows(slug):
            if verdict is not None:
                yield verdict

    def final(self) -> Iterator[Verdict]:
        """The same, with the points that a teacher gave by hand in the place of ours.

        Whom a teacher has given points, and nothing is open, waits for no person.
        """
        with told(self.url), self._reading() as link:
            every = given_by_hand(link)
        for verdict in self.verdicts():
            own = every.get((verdict.student, verdict.slug))
            if own is not None:
                for mark in verdict.marks:
                    name = nbgrader_cells.check_id(mark.exercise)
                    mark.points = own.points.get(name, mark.points)
                if not own.open:
                    verdict.person = []
            yield verdict

    def _rows(self, slug: str | None = None) -> Iterator[tuple[_Row, Verdict | None]]:
        """Each row's names, and its verdict where that can be read."""
        from sqlalchemy import select

        row = self._verdict.c
        rows = select(row.student, row.slug, row.key).where(self._whole())
        rows = rows.order_by(row.slug, row.student)
        with told(self.url), self._reading() as link:
            found = link.execute(rows if slug is None else rows.where(row.slug == slug))
            names = [_Row(*key) for key in found]
        for name in names:
            mine = (row.slug == name.slug, row.student == name.student)
            with told(self.url), self._reading() as link:
                text = link.execute(select(row.verdict).where(*mine)).scalar()
            if text is None:
                continue
            verdict = None
            with contextlib.suppress(ValueError):
                verdict = Verdict.loads(text)
            yield name, verdict

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


def write_notebook(
    folder: Path, verdict: Verdict, submitted: str = "", secret: str = ""
) -> Path:
    """Put the graded notebook where Formgrader looks for it, whole or not at all.

    Formgrader shows what is in it as it stands, so nothing in it may act.

    Args:
        folder: the course folder.
        verdict: whose notebook.
        submitted: as for `Book.record`; kept beside it, as nbgrader does.
        secret: what ``submission_secret.txt`` says; kept, too (`receipt`).

    Returns:
        ``autograded/<student>/<lesson>/<lesson>.ipynb``.
    """
    home = folder / "autograded" / verdict.student / verdict.slug
    receipt.write(home, submitted, secret)
    text = encodable(harmless.notebook(verdict.notebook))
    return atomic.write(home / f"{verdict.slug}.ipynb", text)


def _save_cells(book: NotebookNode, slug: str, url: str) -> None:
    """What ``nbgrader generate_assignment`` does to the database."""
    from nbgrader import api

    with api.Gradebook(url, COURSE) as gradebook:
        gradebook.update_or_create_assignment(slug)
    names = {"notebook": slug, "assignment": slug, "db_url": url}
    nbgrader_cells.assigned(book, {"nbgrader": names})
