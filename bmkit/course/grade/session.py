"""Grading: one file of one's own, or everything that a room handed in.

What is graded is written at once, to the grade book in one transaction, so a grading
that is stopped, however rudely, goes on where it was.
"""

from __future__ import annotations

import concurrent.futures as futures
import dataclasses
import logging
import os
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bmkit.course import executors
from bmkit.course.build.facts import blaming, sound
from bmkit.course.grade import (
    classroom,
    export,
    feedback,
    gradebook,
    intake,
    standby,
)
from bmkit.course.grade.database import BookError
from bmkit.course.grade.gradebook import Book
from bmkit.course.grade.intake import IntakeError, Refused, SubmittedFile
from bmkit.course.grade.judge import worker
from bmkit.course.grade.judge.job import Job, make_job
from bmkit.course.grade.notebook_file import NotGradable
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.submission import Submission, read
from bmkit.course.kernels import forkserver_client, pool, sandbox
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason
from bmkit.language import language

log = logging.getLogger(__name__)


class CannotGrade(BmkitError):
    """Nothing was graded; the message says why and what to do."""


class Listener(Protocol):
    """Who wants to know what happens as it happens."""

    def expecting(self, count: int, done: int) -> None: ...

    def graded(self, verdict: Verdict) -> None: ...

    def refused(self, refused: Refused) -> None: ...


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


@dataclass
class Outcome:
    """What came of grading a folder."""

    folder: Path
    graded: int = 0
    known: int = 0
    refused: list[Refused] = field(default_factory=list)
    person: int = 0
    page: Path | None = None
    table: Path | None = None


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
    folder: Path, lessons: list[Lesson], settings: Settings, listener: Listener
) -> Outcome:
    """Grade everything in a folder that the grade book does not know yet.

    Args:
        folder: what `intake.find` reads.
        lessons: the course.
        settings: how.
        listener: told of each result.

    Raises:
        CannotGrade: no sandbox, no such folder, no grade book, no cluster, no room
            on the disk.
    """
    jailed = _sandboxed(settings)
    if not forkserver_client.supported():
        raise CannotGrade(say("session.linux"))
    outcome = Outcome(folder)
    try:
        handed, outcome.refused = intake.find(folder, [one.slug for one in lessons])
        url = settings.book or gradebook.default_url(folder)
        with (
            executors.executor(settings.cluster, settings.jobs) as executor,
            _opened(url, handed, lessons, executor, jailed) as book,
        ):
            session = _Session(folder, lessons, settings, jailed, book, outcome)
            session.work(handed, executor, listener)
            outcome.refused += session.unread()
            for refused in outcome.refused:
                listener.refused(refused)
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
        known = set() if self.settings.fresh else self.book.known()
        flat = any(one.slug is None for one in handed)
        new = [one for one in handed if not self._is_known(one, known)]
        self.outcome.known = len(handed) - len(new)
        listener.expecting(len(handed), self.outcome.known)
        if flat:
            new = self._settled(new)
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
        if one.slug is None:
            return any((s, k) == (one.student, one.key) for s, _, k in known)
        found = (one.student, one.slug, one.key) in known
        if found and one.submitted:
            self.book.stamp(one.student, one.slug, one.submitted)
        return found

    def unread(self) -> list[Refused]:
        """Whose verdict cannot be read and whose file is not there to grade anew."""
        return [
            Refused(Path(student, slug), say("session.unread"))
            for student, slug in self.book.unreadable()
        ]

    def _settled(self, handed: list[SubmittedFile]) -> list[SubmittedFile]:
        """Files of a flat folder, each with the lesson that it holds."""
        told = []
        for one in handed:
            submission = self._read(one)
            if submission is not None:
                told.append(dataclasses.replace(one, slug=submission.lesson.slug))
        kept, refused = intake.settle(told)
        self.outcome.refused += refused
        return kept

    def _read(self, one: SubmittedFile) -> Submission | None:
        """A private copy of the file, put in order; None when it cannot be graded."""
        with tempfile.TemporaryDirectory() as home:
            copy = Path(home) / "submission.ipynb"
            try:
                intake.copy(self.folder, one, copy)
                submission = read(copy, self.lessons, self.settings.lang)
            except (NotGradable, IntakeError, SourceError) as error:
                why = str(error).removeprefix(
                    say("main.refused", path=one.path, why="")
                )
                self.outcome.refused.append(Refused(one.path, why))
                return None
            except Exception as error:
                self._fail(one, error)
                return None
        if one.slug not in (None, submission.lesson.slug):
            why = say("session.other", held=submission.lesson.slug, slug=one.slug)
            self.outcome.refused.append(Refused(one.path, why))
            return None
        return submission

    def _fail(self, one: SubmittedFile, error: Exception) -> None:
        """An error of ours costs the others nothing, and is not kept quiet."""
        log.error("%s: the grader failed on it", one.path, exc_info=error)
        what = f"{type(error).__name__}: {error}"[:300]
        why = say("session.ours", error=what)
        self.outcome.refused.append(Refused(one.path, why))

    def _job(self, one: SubmittedFile) -> tuple[Job, tuple[str, ...]] | None:
        submission = self._read(one)
        if submission is None:
            return None
        lesson = submission.lesson
        try:
            with blaming(lesson):
                if lesson.slug not in self.prepared:
                    self.book.prepare(lesson, self.settings.lang or language())
                    self.prepared.add(lesson.slug)
                job = make_job(submission, student=one.student, key=one.key)
                return job, worker.preload(lesson)
        except SourceError as error:
            self.outcome.refused.append(Refused(one.path, str(error)))
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
            # First the files: a verdict that is known has its notebook.
            gradebook.write_notebook(self.folder, verdict, one.submitted)
            if self.settings.feedback:
                feedback.write(self.folder, verdict)
            self.book.record(verdict, one.submitted)
            self.outcome.graded += 1
            self.outcome.person += bool(verdict.person)
            listener.graded(verdict)


def _write_reports(session: _Session) -> None:
    """The table and the room's page, from everything in the grade book."""
    outcome, folder = session.outcome, session.folder
    # Reading a source takes a while: those alone that somebody handed in.
    slugs = {slug for _, slug, _ in session.book.known()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome.table = folder / "grades.csv"
        export.table(outcome.table, session.book.verdicts())
        if session.settings.export:
            export.nbgrader(session.book.url, session.settings.export)
        outcome.page = classroom.write(
            folder / "room.html",
            session.book.verdicts(),
            [one for one in session.lessons if one.slug in slugs and sound(one)],
            lang=session.settings.lang or language(),
            refused=outcome.refused,
        )
