"""Lessons to results: which need running, on which executor, what is kept."""

from __future__ import annotations

import json
import logging

from bmkit.course.build.cache import kept
from bmkit.course.build.notebooks import dumps, instructor_notebook
from bmkit.course.run import execution, gpu, jobs, kept_results, measured
from bmkit.course.run.cache_key import reached
from bmkit.course.run.execution import Listener, Settings
from bmkit.course.run.result import Result
from bmkit.course.run.worker import Job
from bmkit.course.source.catalog import Lesson, slug_of
from bmkit.course.source.cells import Problem, SourceError
from bmkit.data.cards import DataError

log = logging.getLogger(__name__)


def run(
    lessons: list[Lesson], settings: Settings, listener: Listener
) -> tuple[list[Result], bool]:
    """Run what changed; return the results in the lessons' order and if it was stopped.

    Raises:
        CannotRun: the device or the cluster asked for is not there.
    """
    processor = gpu.processor(settings.device)
    waiting: list[Job] = []
    done: dict[str, Result] = {}
    workers = max(1, min(settings.jobs, len(lessons)))
    listener = _Keeper(lessons, settings, listener)
    for lesson in lessons:
        result: Result | None = jobs.skipped(lesson, settings)
        if result is None:
            result, job = _prepared(lesson, settings, workers, processor)
            if job is not None:
                waiting.append(job)
                if settings.cluster is None:
                    # Imports go on while the other lessons are built.
                    execution.begin([job])
            if result is None:
                continue
        done[lesson.slug] = result
        listener.finished(result)
    guess = {lesson.slug: 60.0 * lesson.minutes for lesson in lessons}
    execution.longest_first(waiting, settings.store, guess)
    stopped = execution.execute(waiting, settings, workers, done, listener)
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
        parameters = jobs.parameters(lesson, settings)
        measured.keep(settings.store, lesson, result, parameters, settings.lang)
        self.listener.finished(result)


def unreadable(problems: list[Problem]) -> list[Result]:
    """A failure for each lesson whose header is wrong."""
    return [
        jobs.unsound(slug, slug, SourceError([p for p in problems if p.path == path]))
        for path in dict.fromkeys(problem.path for problem in problems)
        for slug in [slug_of(path)]
    ]


def _prepared(
    lesson: Lesson, settings: Settings, workers: int, processor: str
) -> tuple[Result | None, Job | None]:
    """The result where it is known, as it is of a source with problems; else a job."""
    try:
        key = _key(lesson, settings, processor)
        known = None if settings.fresh else kept_results.find(key, settings.store)
        if known:
            return known, None
        notebook = _instructor(lesson, settings.lang)
        return None, jobs.job(lesson, settings, workers, key, notebook)
    except (SourceError, DataError) as error:
        log.info("%s: %s", lesson.slug, error)
        return jobs.unsound(lesson.slug, lesson.title[settings.lang], error), None
    except Exception as error:  # ours, and this lesson's alone
        log.exception("%s cannot be built", lesson.slug)
        return jobs.unbuilt(lesson, settings, error), None


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
    lang = settings.lang
    what = kept(
        lesson,
        f"reached-{lang}",
        dict[str, str],
        lambda: reached(json.loads(_instructor(lesson, lang))),
    )
    return jobs.key(lesson, settings, processor, what)
