"""A room's hand-ins, judged a few at a time; each is written down as it comes.

What concerns one student costs the others nothing: it is a line of the outcome's.
"""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import errno
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bmkit.course.build.facts import blaming, sound
from bmkit.course.grade import (
    classroom,
    export,
    feedback,
    gradebook,
    receipt,
    room_state,
)
from bmkit.course.grade.database import BookError, RowError
from bmkit.course.grade.deadlines import Deadlines, Late
from bmkit.course.grade.gradebook import Book
from bmkit.course.grade.hand_ins import HandIns, Unread, ours
from bmkit.course.grade.judge import worker
from bmkit.course.grade.judge.job import Job, make_job
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submitted_file import Note, Refused, SubmittedFile
from bmkit.course.kernels import forkserver_client, pool, sandbox
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.words import say
from bmkit.language import language

# What is amiss for everybody: no room, no memory, no more open files, a bad disk.
SCARCE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO),
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE),
}


class Listener(Protocol):
    """Who wants to know what happens as it happens."""

    def expecting(self, count: int, done: int) -> None: ...

    def graded(self, verdict: Verdict) -> None: ...

    def refused(self, refused: Refused) -> None: ...

    def noted(self, note: Note) -> None: ...


@dataclass
class Outcome:
    """What came of grading a folder."""

    folder: Path
    graded: int = 0
    known: int = 0
    told: list[Refused] = field(default_factory=list)
    person: int = 0
    page: Path | None = None
    table: Path | None = None

    @property
    def refused(self) -> list[Refused]:
        """What is not graded."""
        return [one for one in self.told if not isinstance(one, Note)]

    @property
    def notes(self) -> list[Note]:
        """What a teacher should know of files that cost nobody anything."""
        return [one for one in self.told if isinstance(one, Note)]


@dataclass
class Room:
    """One grading of a folder.

    Attributes:
        folder: what `intake.find` has read.
        lessons: the course.
        settings: how to grade.
        jailed: whether in the sandbox.
        book: the grade book, open.
        outcome: what came of it so far.
        prepared: the lessons that the book has.
    """

    folder: Path
    lessons: list[Lesson]
    settings: Settings
    jailed: bool
    book: Book
    outcome: Outcome
    prepared: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.hand_ins = HandIns(self.folder, self.lessons, self.settings.lang)

    def work(
        self,
        handed: list[SubmittedFile],
        executor: futures.Executor,
        listener: Listener,
    ) -> None:
        """Judge what is new, a few at a time, and write down each as it comes."""
        known = self.book.known()
        kept, told = self.hand_ins.settled(handed, known)
        self.outcome.told += told
        new = [one for one in kept if not self._is_known(one, known)]
        self.outcome.known = len(kept) - len(new)
        listener.expecting(len(kept), self.outcome.known)
        waiting: dict[futures.Future[Verdict], SubmittedFile] = {}
        try:
            for one in new:
                made = self._job(one)
                if made is not None:
                    job, names = made
                    limits, jailed = self.settings.limits, self.jailed
                    future = executor.submit(
                        worker.judge_job, job, names, limits, jailed
                    )
                    waiting[future] = one
                # Not all at once: a room's notebooks need not be in memory together.
                if len(waiting) >= 2 * self.settings.jobs:
                    self._collect(waiting, listener, futures.FIRST_COMPLETED)
            while waiting:
                self._collect(waiting, listener, futures.FIRST_COMPLETED)
        except BaseException:
            for future in waiting:
                future.cancel()
            pool.close()
            raise

    def _is_known(self, one: SubmittedFile, known: set[tuple[str, str, str]]) -> bool:
        if self.settings.fresh or (one.student, one.slug, one.key) not in known:
            return False
        if one.slug and one.submitted:
            self.book.stamp(one.student, one.slug, one.submitted)
            receipt.renew(self.folder, one.student, one.slug, one.submitted, one.secret)
        return True

    def charge(self, deadlines: Deadlines) -> None:
        """Take off what came late costs; what the course says now counts."""
        for slug, due in deadlines.due.items():
            self.book.due(slug, due)
        times = self.book.times()
        for verdict in self.book.verdicts():
            when = times.get((verdict.student, verdict.slug))
            late = deadlines.late(verdict.student, verdict.slug, when)
            with self._alone(Path(verdict.student, verdict.slug)):
                self._charge(verdict, late, when)

    def _charge(self, verdict: Verdict, late: Late, when: datetime | None) -> None:
        if (verdict.late, verdict.percent) != (late.seconds, late.percent):
            verdict.late, verdict.percent = late.seconds, late.percent
            submitted = when.isoformat() + " UTC" if when else ""
            if self.settings.feedback:
                feedback.rewrite(self.folder, verdict)
            self.book.record(verdict, submitted)
        # Scores given by hand count, and stock ``autograde`` sets it back.
        if late.seconds:
            self.book.charge(verdict.student, verdict.slug, late.percent)

    def unread(self) -> list[Refused]:
        """Whose verdict cannot be read and whose file is not there to grade anew."""
        return [
            Refused(Path(student, slug), say("session.unread"))
            for student, slug in self.book.unreadable()
        ]

    @contextlib.contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        """What goes wrong inside is a line for ``path``, unless it concerns all."""
        try:
            yield
        except Exception as error:
            if _concerns_all(error):
                raise
            known = isinstance(error, (Unread, SourceError))
            why = str(error) if known else ours(path, error)
            self.outcome.told.append(Refused(path, why))

    def _job(self, one: SubmittedFile) -> tuple[Job, tuple[str, ...]] | None:
        with self._alone(one.path):
            submission = self.hand_ins.read(one)
            lesson = submission.lesson
            with blaming(lesson):
                if lesson.slug not in self.prepared:
                    self.book.prepare(lesson, self.settings.lang or language())
                    self.prepared.add(lesson.slug)
                job = make_job(submission, student=one.student, key=one.key)
                return job, worker.preload(lesson)
        return None

    def _collect(
        self,
        waiting: dict[futures.Future[Verdict], SubmittedFile],
        listener: Listener,
        when: str,
    ) -> None:
        done, _ = futures.wait(waiting, return_when=when)
        for future in done:
            one = waiting.pop(future)
            try:
                verdict = future.result()
            except (forkserver_client.ForkServerError, sandbox.NoSandbox):
                raise  # the same for all
            except Exception as error:
                self.outcome.told.append(Refused(one.path, ours(one.path, error)))
                continue
            with self._alone(one.path):
                self._keep(verdict, one)
                self.outcome.graded += 1
                self.outcome.person += bool(verdict.person)
                listener.graded(verdict)

    def _keep(self, verdict: Verdict, one: SubmittedFile) -> None:
        if room_state.is_flat(self.folder):
            for name in room_state.FOLDERS:
                room_state.refuse_links(
                    self.folder, name, verdict.student, verdict.slug
                )
        # First the files: a verdict that is known has its notebook.
        beside = one.submitted, one.secret
        gradebook.write_notebook(self.folder, verdict, *beside)
        if self.settings.feedback:
            feedback.write(self.folder, verdict, *beside)
        self.book.record(verdict, one.submitted)

    def write_reports(self) -> None:
        """The table and the room's page, from everything in the grade book."""
        outcome, folder = self.outcome, self.folder
        # Reading a source takes a while: those alone that somebody handed in.
        slugs = {slug for _, slug, _ in self.book.known()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome.table = export.table_in(folder)
            export.table(outcome.table, self.book.final())
            if self.settings.export:
                export.nbgrader(self.book.url, self.settings.export)
            outcome.page = classroom.write(
                folder / "room.html",
                self.book.final(),
                [one for one in self.lessons if one.slug in slugs and sound(one)],
                lang=self.settings.lang or language(),
                refused=outcome.refused,
                notes=outcome.notes,
            )


def _concerns_all(error: Exception) -> bool:
    """Whether what cannot be written for one can be written for nobody."""
    if isinstance(error, OSError):
        return error.errno in SCARCE
    return isinstance(error, BookError) and not isinstance(error, RowError)
