"""Grading: one file of one's own, or everything that a room handed in.

What is graded is written at once, to the grade book in one transaction, so a grading
that is stopped, however rudely, goes on where it was.
"""

from __future__ import annotations

import concurrent.futures as futures
import dataclasses
import errno
import logging
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from bmkit.course import executors
from bmkit.course.build.facts import blaming, sound
from bmkit.course.grade import (
    classroom,
    export,
    feedback,
    gradebook,
    intake,
    receipt,
    room_state,
    standby,
)
from bmkit.course.grade.database import BookError, RowError
from bmkit.course.grade.deadlines import Deadlines
from bmkit.course.grade.gradebook import Book
from bmkit.course.grade.intake import IntakeError
from bmkit.course.grade.judge import worker
from bmkit.course.grade.judge.job import Job, make_job
from bmkit.course.grade.notebook_file import NotGradable, NothingOfOurs
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.submission import Submission, read
from bmkit.course.grade.submitted_file import Note, Refused, SubmittedFile
from bmkit.course.kernels import forkserver_client, pool, sandbox
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason
from bmkit.language import language

log = logging.getLogger(__name__)
# What is amiss for everybody: no room, no memory, no more open files, a bad disk.
SCARCE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO),
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE),
}


class CannotGrade(BmkitError):
    """Nothing was graded; the message says why and what to do."""


class Unread(Exception):
    """This one file is not graded; the message says why."""


class Unrelated(Unread):
    """It holds nothing of this course."""


class Listener(Protocol):
    """Who wants to know what happens as it happens."""

    def expecting(self, count: int, done: int) -> None: ...

    def graded(self, verdict: Verdict) -> None: ...

    def refused(self, refused: Refused) -> None: ...

    def noted(self, note: Note) -> None: ...


@dataclass(frozen=True)
class Settings:
    """How to grade; the fields are `bmkit grade`'s flags.

    Attributes:
        lang: in which feedback is given; None for each notebook's own.
    """

    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    cluster: str | None = None
    book: str = ""
    unsafe: bool = False
    fresh: bool = False
    feedback: bool = True
    lang: str | None = None
    export: Path | None = None
    limits: Limits = field(default_factory=Limits)
    keep_warm: bool = False
    deadlines: Deadlines = field(default_factory=Deadlines)


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


def grade(submission: Submission, settings: Settings | None = None) -> Verdict:
    """Grade one file.

    Raises:
        CannotGrade: there is no sandbox here, and ``unsafe`` was not asked for.
        SourceError: the lesson's own source is too broken to grade by.
    """
    settings = settings or Settings()
    jailed = _sandboxed(settings)
    if not forkserver_client.supported():
        from bmkit.course.grade import nbgrader_engine

        return nbgrader_engine.grade(
            submission, timeout=int(settings.limits.cell_seconds)
        )
    with blaming(submission.lesson):
        job, names = make_job(submission), worker.preload(submission.lesson)
    verdict = None
    if jailed:
        begin = settings.keep_warm
        verdict = standby.ask(job, names, settings.limits, begin=begin)
    return verdict or worker.judge_job(job, names, settings.limits, jailed)


def grade_all(
    folder: Path,
    lessons: list[Lesson],
    settings: Settings,
    listener: Listener,
    told: Iterable[Refused] = (),
    times: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Grade everything in a folder that the grade book does not know yet.

    Args:
        folder: what `intake.find` reads.
        lessons: the course.
        settings: how.
        listener: told of each result.
        told: what of the hand-ins is not in the folder (`lms`), and why.
        times: when who handed in, in UTC, where no ``timestamp.txt`` says; by the
            number at the end of a student's name (`lms`).

    Raises:
        CannotGrade: no sandbox, no such folder, no grade book, no cluster, no room
            on the disk.
    """
    jailed = _sandboxed(settings)
    if not forkserver_client.supported():
        raise CannotGrade(say("session.linux"))
    outcome = Outcome(folder)
    try:
        table = export.table_in(folder)
        if settings.export and settings.export.resolve() == table.resolve():
            raise CannotGrade(say("session.export", path=table))
        handed, outcome.told = intake.find(folder, [one.slug for one in lessons])
        handed = [_timed(one, times) for one in handed]
        outcome.told += [*told, *intake.lookalikes(handed)]
        keeps = (
            lessons[0].course.state if lessons and room_state.is_flat(folder) else None
        )
        if keeps:
            outcome.told += room_state.set_aside(folder, keeps, book=not settings.book)
        url = settings.book or gradebook.default_url(folder)
        with (
            executors.executor(settings.cluster, settings.jobs) as executor,
            _opened(url, handed, lessons, executor, jailed) as book,
        ):
            if keeps and not settings.book:
                room_state.remember(folder, keeps)
            for name in room_state.FOLDERS:  # found out before any grading
                (folder / name).mkdir(exist_ok=True)
            session = _Session(folder, lessons, settings, jailed, book, outcome)
            session.work(handed, executor, listener)
            session.charge(settings.deadlines)
            outcome.told += session.unread()
            for refused in outcome.refused:
                listener.refused(refused)
            for note in outcome.notes:
                listener.noted(note)
            _write_reports(session)
    except (
        IntakeError,
        BookError,
        sandbox.NoSandbox,
        executors.NoCluster,
    ) as error:
        raise CannotGrade(str(error)) from None
    except forkserver_client.ForkServerError as error:
        raise CannotGrade(say("session.cold", why=error)) from None
    except OSError as error:  # a full disk, a folder that is not ours
        place, why = error.filename or folder, reason(error)
        raise CannotGrade(say("session.files", path=place, why=why)) from error
    return outcome


def _timed(one: SubmittedFile, times: Mapping[str, str]) -> SubmittedFile:
    known = one.submitted or times.get(one.student.rpartition("_")[2], "")
    return dataclasses.replace(one, submitted=known)


def _opened(
    url: str,
    handed: list[SubmittedFile],
    lessons: list[Lesson],
    executor: futures.Executor,
    jailed: bool,
) -> Book:
    """The grade book; meanwhile the frameworks that grading needs are imported."""
    slugs = {one.slug for one in handed}
    for lesson in lessons:
        if lesson.slug in slugs:
            executor.submit(worker.warm_up, worker.preload(lesson), jailed)
    return Book(url)


def _sandboxed(settings: Settings) -> bool:
    """Whether to grade in the sandbox.

    Raises:
        CannotGrade: there is none, and nobody said to do without.
    """
    missing = sandbox.missing()
    if missing and not settings.unsafe:
        raise CannotGrade(say("session.walls", why=missing))
    return not settings.unsafe


@dataclass
class _Session:
    """One grading of a folder."""

    folder: Path
    lessons: list[Lesson]
    settings: Settings
    jailed: bool
    book: Book
    outcome: Outcome
    prepared: set[str] = field(default_factory=set)

    def work(
        self,
        handed: list[SubmittedFile],
        executor: futures.Executor,
        listener: Listener,
    ) -> None:
        """Judge what is new, a few at a time, and write down each as it comes."""
        known = self.book.known()
        kept = self._settled(handed, known)
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

    def _settled(
        self, handed: list[SubmittedFile], known: set[tuple[str, str, str]]
    ) -> list[SubmittedFile]:
        """One file for each student and lesson; read where only its content tells."""
        slugs = {(student, key): slug for student, slug, key in known}
        crowd = Counter((one.student, one.slug) for one in handed)
        told: list[SubmittedFile] = []
        refused: list[tuple[SubmittedFile, Unread]] = []
        for one in handed:
            if one.slug is None or crowd[one.student, one.slug] > 1:
                try:
                    slug = slugs.get((one.student, one.key)) or self._lesson(one)
                except Unread as error:
                    refused.append((one, error))
                    continue
                one = dataclasses.replace(one, slug=slug)
            told.append(one)
        kept, more = intake.settle(told)
        self.outcome.told += more
        graded = {(one.student, one.slug) for one in kept}
        graded |= {(one.student, None) for one in kept}
        for one, why in refused:  # beside the right one it costs nothing
            beside = (one.student, one.slug) in graded
            beside &= one.slug is not None or isinstance(why, Unrelated)
            self.outcome.told.append((Note if beside else Refused)(one.path, str(why)))
        return kept

    def _lesson(self, one: SubmittedFile) -> str:
        """The lesson that a file holds.

        Raises:
            Unread: none, or another than the layout says.
        """
        return self._read(one).lesson.slug

    def _read(self, one: SubmittedFile) -> Submission:
        """A private copy of the file, put in order.

        Raises:
            Unread: it cannot be graded.
        """
        with tempfile.TemporaryDirectory() as home:
            copy = Path(home) / "submission.ipynb"
            try:
                found = intake.copy(self.folder, one, copy)
                name = one.path.name
                submission = read(copy, self.lessons, self.settings.lang, name)
                submission.bring(found)
            except (NotGradable, IntakeError, SourceError) as error:
                head = say("main.refused", path=one.path, why="")
                kind = Unrelated if isinstance(error, NothingOfOurs) else Unread
                raise kind(str(error).removeprefix(head)) from None
            except Exception as error:
                raise Unread(_ours(one, error)) from None
        if one.slug not in (None, submission.lesson.slug):
            held = submission.lesson.slug
            raise Unread(say("session.other", held=held, slug=one.slug))
        return submission

    def _fail(self, one: SubmittedFile, error: Exception) -> None:
        self.outcome.told.append(Refused(one.path, _ours(one, error)))

    def _job(self, one: SubmittedFile) -> tuple[Job, tuple[str, ...]] | None:
        try:
            submission = self._read(one)
            lesson = submission.lesson
            with blaming(lesson):
                if lesson.slug not in self.prepared:
                    self.book.prepare(lesson, self.settings.lang or language())
                    self.prepared.add(lesson.slug)
                job = make_job(submission, student=one.student, key=one.key)
                return job, worker.preload(lesson)
        except (Unread, SourceError) as error:
            self.outcome.told.append(Refused(one.path, str(error)))
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
                self._fail(one, error)
                continue
            try:
                self._keep(verdict, one)
            except Exception as error:
                if _concerns_all(error):
                    raise
                self._fail(one, error)
                continue
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


def _ours(one: SubmittedFile, error: Exception) -> str:
    """An error of ours costs the others nothing, and is not kept quiet."""
    log.error("%s: the grader failed on it", one.path, exc_info=error)
    what = reason(error) if isinstance(error, OSError) else str(error)
    what = f"{type(error).__name__}: {what}"[:300]
    return say("session.ours", error=what)


def _concerns_all(error: Exception) -> bool:
    """Whether what cannot be written for one can be written for nobody."""
    if isinstance(error, OSError):
        return error.errno in SCARCE
    return isinstance(error, BookError) and not isinstance(error, RowError)


def _write_reports(session: _Session) -> None:
    """The table and the room's page, from everything in the grade book."""
    outcome, folder = session.outcome, session.folder
    # Reading a source takes a while: those alone that somebody handed in.
    slugs = {slug for _, slug, _ in session.book.known()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome.table = export.table_in(folder)
        export.table(outcome.table, session.book.final())
        if session.settings.export:
            export.nbgrader(session.book.url, session.settings.export)
        outcome.page = classroom.write(
            folder / "room.html",
            session.book.final(),
            [one for one in session.lessons if one.slug in slugs and sound(one)],
            lang=session.settings.lang or language(),
            refused=outcome.refused,
            notes=outcome.notes,
        )
