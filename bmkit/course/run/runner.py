"""Lessons to results: which need running, on which executor, what is kept."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from bmkit import atomic
from bmkit.course import executors, state
from bmkit.course.build.cache import kept
from bmkit.course.build.notebooks import dumps, instructor_notebook
from bmkit.course.json_values import JsonObject, shaped
from bmkit.course.kernels import environment
from bmkit.course.run import measured
from bmkit.course.run.cache_key import fingerprint, reached
from bmkit.course.run.result import VERSION, Result
from bmkit.course.run.worker import Job, work
from bmkit.course.source.catalog import Lesson, slug_of
from bmkit.course.source.cells import Problem, SourceError
from bmkit.course.words import say
from bmkit.data.cards import DataError
from bmkit.errors import BmkitError

log = logging.getLogger(__name__)
SECONDS = "seconds.json"  # beside the results: how long each lesson took
MODULES = {"tensorflow": "tensorflow", "cluster": "distributed"}


class CannotRun(BmkitError):
    """Nothing was run; the message says why and what to do."""


class Listener(Protocol):
    """Who wants to know of each result as it comes."""

    def finished(self, result: Result) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to run; the fields are `bmkit run`'s flags, and where results are kept."""

    store: Path
    profile: str = "ci"
    device: str = "auto"
    lang: str = "en"
    seed: int = 0
    jobs: int = 1
    fresh: bool = False
    cluster: str | None = None
    limit: float = 900.0


def run(
    lessons: list[Lesson], settings: Settings, listener: Listener
) -> tuple[list[Result], bool]:
    """Run what changed; return the results in the lessons' order and if it was stopped.

    Raises:
        CannotRun: the device or the cluster asked for is not there.
    """
    processor = _processor(settings.device)
    jobs: list[Job] = []
    done: dict[str, Result] = {}
    workers = max(1, min(settings.jobs, len(lessons)))
    listener = _Keeper(lessons, settings, listener)
    for lesson in lessons:
        result: Result | None
        absent = _absent(lesson)
        if absent:
            message = say("run.extra", extra=absent)
            title = lesson.title[settings.lang]
            result = Result(lesson.slug, title, "skipped", message=message)
        else:
            result, job = _prepared(lesson, settings, workers, processor)
            if job is not None:
                jobs.append(job)
                if settings.cluster is None:
                    _begin([job])  # imports go on while the other lessons are built
            if result is None:
                continue
        done[lesson.slug] = result
        listener.finished(result)
    stopped = False
    if not jobs and settings.cluster is not None:
        with _executor(settings, workers, jobs):
            pass  # a wrong address is told of now, not the next time
    if jobs:
        # The longest first: none is left to run alone at the end.
        took = _seconds(settings.store)
        guess = {lesson.slug: 60.0 * lesson.minutes for lesson in lessons}
        jobs.sort(key=lambda job: -took.get(_name(job), guess[job.slug]))
        stopped = _all(jobs, settings, workers, done, listener)
    return [done[lesson.slug] for lesson in lessons if lesson.slug in done], stopped


class _Keeper:
    """A listener that keeps the claims of each result, and passes it on."""

    def __init__(
        self, lessons: list[Lesson], settings: Settings, listener: Listener
    ) -> None:
        self.lessons = {lesson.slug: lesson for lesson in lessons}
        self.settings = settings
        self.listener = listener

    def finished(self, result: Result) -> None:
        lesson, settings = self.lessons[result.slug], self.settings
        parameters = _parameters(lesson, settings)
        measured.keep(settings.store, lesson, result, parameters, settings.lang)
        self.listener.finished(result)


def unreadable(problems: list[Problem]) -> list[Result]:
    """A failure for each lesson whose header is wrong."""
    return [
        _unsound(slug, slug, SourceError([p for p in problems if p.path == path]))
        for path in dict.fromkeys(problem.path for problem in problems)
        for slug in [slug_of(path)]
    ]


def _unsound(slug: str, title: str, error: BmkitError) -> Result:
    """What came of a lesson whose source, or whose data's card, is wrong."""
    first, *more = str(error).splitlines()
    message = say("run.source", first=first, more=len(more)) if more else first
    return Result(slug, title, "failed", message=message, traceback=str(error))


def _prepared(
    lesson: Lesson, settings: Settings, workers: int, processor: str
) -> tuple[Result | None, Job | None]:
    """The result where it is known, as it is of a source with problems; else a job."""
    try:
        key = _key(lesson, settings, processor)
        known = None if settings.fresh else _kept(key, settings.store)
        return known, None if known else _job(lesson, settings, workers, key)
    except (SourceError, DataError) as error:
        log.info("%s: %s", lesson.slug, error)
        return _unsound(lesson.slug, lesson.title[settings.lang], error), None


def _all(
    jobs: list[Job],
    settings: Settings,
    workers: int,
    done: dict[str, Result],
    listener: Listener,
) -> bool:
    """Run the jobs; keep each result as it comes. True when Ctrl-C ended it."""
    from bmkit.course.kernels import provisioner

    with _executor(settings, workers, jobs) as executor:
        waiting = {executor.submit(work, job): job for job in jobs}
        try:
            for future in futures.as_completed(waiting):
                job = waiting[future]
                try:
                    result = future.result()
                except Exception as error:  # the worker itself died
                    log.exception("%s: its worker ended", job.slug)
                    what = f"{type(error).__name__}: {error}"
                    message = say("run.worker", error=what)
                    result = Result(job.slug, job.title, "died", message=message)
                done[job.slug] = result
                _keep(result, job, settings.store)
                listener.finished(result)
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            until = time.monotonic() + 10
            while time.monotonic() < until and any(f.running() for f in waiting):
                provisioner.end()  # again: one may have been about to start
                time.sleep(0.1)
            return True
    return False


@contextlib.contextmanager
def _executor(
    settings: Settings, workers: int, jobs: list[Job]
) -> Iterator[futures.Executor]:
    local: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if settings.cluster is None:
        _begin(jobs)
        local = environment.kernels(jobs[0].threads)
    try:
        with local, executors.executor(settings.cluster, workers) as executor:
            yield executor
    except executors.NoCluster as error:
        raise CannotRun(str(error)) from None


def _begin(jobs: list[Job]) -> None:
    """Let the import of what these jobs' kernels are forked with begin.

    Raises:
        CannotRun: bmkit's kernels are not installed here.
    """
    from bmkit.course.kernels import provisioner

    try:
        for kernel in dict.fromkeys(job.kernel for job in jobs):
            provisioner.begin(kernel)
    except provisioner.NotInstalled as error:
        raise CannotRun(str(error)) from None


def _absent(lesson: Lesson) -> str:
    """The first extra that the lesson needs and this environment lacks."""
    for extra in lesson.extras:
        if importlib.util.find_spec(MODULES.get(extra, extra)) is None:
            return extra
    return ""


def _profile(lesson: Lesson, settings: Settings) -> str:
    """A lesson too small for a GPU has no `full` of its own: it is not run twice."""
    if settings.profile == "full" and not lesson.gpu:
        return "workshop"
    return settings.profile


def _instructor(lesson: Lesson, lang: str) -> str:
    """The notebook to run, as text."""
    return kept(
        lesson,
        f"instructor-{lang}",
        str,
        lambda: dumps(instructor_notebook(lesson, lang)),
    )


def _key(lesson: Lesson, settings: Settings, processor: str) -> str:
    """What a result goes by; found without building the notebook where it is known."""
    from bmkit import data

    lang = settings.lang
    what = kept(
        lesson,
        f"reached-{lang}",
        dict[str, str],
        lambda: reached(json.loads(_instructor(lesson, lang))),
    )
    parameters = _parameters(lesson, settings)
    hashes = data.hashes(lesson.data, str(parameters["profile"]))
    return fingerprint(what, {**parameters, "lang": lang}, processor, hashes)


def _parameters(lesson: Lesson, settings: Settings) -> JsonObject:
    """What papermill sets."""
    return {
        "profile": _profile(lesson, settings),
        "device": settings.device,
        "seed": settings.seed,
    }


def _job(lesson: Lesson, settings: Settings, workers: int, key: str) -> Job:
    return Job(
        slug=lesson.slug,
        title=lesson.title[settings.lang],
        lang=settings.lang,
        notebook=_instructor(lesson, settings.lang),
        parameters=_parameters(lesson, settings),
        threads=max(1, (os.cpu_count() or 1) // workers),
        limit=settings.limit,
        kernel="bmkit-tensorflow" if "tensorflow" in lesson.extras else "bmkit",
        key=key,
    )


@cache
def _processor(device: str) -> str:
    """The GPU's name, or ``cpu``, found without importing a framework."""
    name = ""
    if device != "cpu" and shutil.which("nvidia-smi"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
            name = subprocess.run(
                command, capture_output=True, text=True, timeout=20, check=True
            ).stdout.strip()
    if device == "cuda" and not name:
        raise CannotRun(say("run.no_gpu"))
    return name or "cpu"


def _kept(key: str, store: Path) -> Result | None:
    """The result of an earlier run that depended on just the same.

    None too where another version of bmkit wrote it and meant something else, or what
    is there is no passed result.
    """
    try:
        found = (store / f"{key}.json").read_text(encoding="utf-8")
        result = shaped({"version": 0, **json.loads(found)}, Result)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    if result.version != VERSION or result.status != "passed":
        return None
    result.status = "unchanged"
    return result


def _name(job: Job) -> str:
    """What a job's duration goes by: the seed changes little, the profile much."""
    return f"{job.slug} {job.parameters['profile']} {job.parameters['device']}"


def _seconds(store: Path) -> dict[str, float]:
    """How long jobs took the last time they ran."""
    try:
        found = json.loads((store / SECONDS).read_text(encoding="utf-8"))
        return shaped(found, dict[str, float])
    except (OSError, ValueError, RecursionError):
        return {}


def _keep(result: Result, job: Job, store: Path) -> None:
    """Keep a passed result, and how long it took, for next time."""
    if result.status != "passed" or not result.key:
        return
    state.make(store)
    atomic.write(store / f"{result.key}.json", json.dumps(asdict(result)))
    seconds = {**_seconds(store), _name(job): result.seconds}
    atomic.write(store / SECONDS, json.dumps(seconds))
