"""Grading: one file of one's own, or everything that a room handed in.

What is graded is written at once, to the grade book in one transaction, so a grading
that is stopped, however rudely, goes on where it was.
"""

from __future__ import annotations

import concurrent.futures as futures
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from bmkit.course import executors
from bmkit.course.build.facts import blaming
from bmkit.course.grade import export, gradebook, intake, room_state, standby
from bmkit.course.grade.database import BookError
from bmkit.course.grade.gradebook import Book
from bmkit.course.grade.intake import IntakeError
from bmkit.course.grade.judge import worker
from bmkit.course.grade.judge.job import make_job
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.room import Listener, Outcome, Room
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import Submission
from bmkit.course.grade.submitted_file import Refused, SubmittedFile
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.source.catalog import Lesson
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason


class CannotGrade(BmkitError):
    """Nothing was graded; the message says why and what to do."""


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
            room = Room(folder, lessons, settings, jailed, book, outcome)
            room.work(handed, executor, listener)
            room.charge(settings.deadlines)
            outcome.told += room.unread()
            for refused in outcome.refused:
                listener.refused(refused)
            for note in outcome.notes:
                listener.noted(note)
            room.write_reports()
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
