"""What passes must carry on: every variant, put in, and the rest of the lesson run.

An answer that the check gives full marks may still break what comes after it: it has
another type, it changes what it is given, it lacks a helper. So each lesson is run with
all its exercises' first variants in place of the references, then with all second ones,
and so on; an exercise with fewer has its last. Where a run fails, one with each variant
alone tells whose it was.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace

from bmkit.course.build.cache import kept
from bmkit.course.build.notebooks import carried_notebook, dumps
from bmkit.course.run import execution, gpu, jobs, kept_results
from bmkit.course.run.cache_key import reached
from bmkit.course.run.execution import Listener, Settings
from bmkit.course.run.result import Result
from bmkit.course.run.worker import Job
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.source.loading import source_of
from bmkit.course.words import say
from bmkit.data.cards import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Variant:
    """Another right answer of an exercise, and where it stands in the source."""

    exercise: str
    code: str
    line: int


@dataclass(frozen=True)
class Way:
    """A notebook to run: the variants in it, its text, and what it depends on."""

    slug: str
    variants: list[Variant]
    notebook: str
    reached: dict[str, str]


class _Silent:
    """Who wants to know of nothing."""

    def finished(self, result: Result) -> None: ...


def names(lesson: Lesson, lang: str = "en") -> list[str]:
    """What the lesson's results will be called."""
    if jobs.absent(lesson):
        return [lesson.slug]
    try:
        return [way.slug for way in _ways(lesson, lang)]
    except SourceError:
        return [lesson.slug]


def run(
    lessons: list[Lesson], settings: Settings, listener: Listener
) -> tuple[list[Result], bool]:
    """Run each lesson with its variants; the results, and if it was stopped.

    A lesson has as many results as its exercise with the most variants has of them.
    What passed is kept, by what it depends on, as other results are. A failure's
    message says whose variant it was.

    Raises:
        CannotRun: the device or the cluster asked for is not there.
    """
    processor = gpu.processor(settings.device)
    waiting: list[Job] = []
    done: dict[str, Result] = {}
    tried: dict[str, tuple[Lesson, Way]] = {}
    for lesson in lessons:
        lang = settings.lang
        result = jobs.skipped(lesson, settings)
        try:
            ways = [] if result else _ways(lesson, lang)
            for way in ways:
                tried[way.slug] = lesson, way
                key = jobs.key(lesson, settings, processor, way.reached)
                known = (
                    None if settings.fresh else kept_results.find(key, settings.store)
                )
                if known:
                    done[way.slug] = known
                    listener.finished(known)
                else:
                    waiting.append(_job(lesson, settings, way, key))
        except (SourceError, DataError) as error:
            result = jobs.unsound(lesson.slug, lesson.title[lang], error)
        except Exception as error:  # ours, and this lesson's alone
            log.exception("%s cannot be built", lesson.slug)
            result = jobs.unbuilt(lesson, settings, error)
        if result:
            done[lesson.slug] = result
            listener.finished(result)
    guess = {slug: 60.0 * lesson.minutes for slug, (lesson, _) in tried.items()}
    execution.longest_first(waiting, settings.store, guess)
    workers = _workers(settings, waiting)
    stopped = execution.execute(waiting, settings, workers, done, listener)
    for slug, result in done.items():
        if not stopped and slug in tried and not result.good:
            result.message = _whose(*tried[slug], settings, result)
    return list(done.values()), stopped


def _ways(lesson: Lesson, lang: str) -> list[Way]:
    """A lesson's notebooks with its variants, kept as they were built."""
    return kept(lesson, f"carried-{lang}", list[Way], lambda: _built(lesson, lang))


def _built(lesson: Lesson, lang: str) -> list[Way]:
    source = source_of(lesson)
    known = [
        [
            Variant(cell.name, cell.source, cell.line)
            for cell in source.of("variant", exercise.name)
        ]
        for exercise in source.exercises()
    ]
    return [
        _way(
            lesson,
            f"{lesson.slug}-variants-{number + 1}",
            [
                variants[min(number, len(variants) - 1)]
                for variants in known
                if variants
            ],
            lang,
        )
        for number in range(max(map(len, known), default=0))
    ]


def _way(lesson: Lesson, slug: str, variants: list[Variant], lang: str) -> Way:
    answers = {one.exercise: one.code for one in variants}
    notebook = dumps(carried_notebook(lesson, answers, lang))
    return Way(slug, variants, notebook, reached(json.loads(notebook)))


def _job(lesson: Lesson, settings: Settings, way: Way, key: str = "") -> Job:
    return jobs.job(lesson, settings, settings.jobs, key, way.notebook, way.slug)


def _workers(settings: Settings, waiting: list[Job]) -> int:
    return max(1, min(settings.jobs, len(waiting)))


def _whose(lesson: Lesson, way: Way, settings: Settings, failed: Result) -> str:
    """Whose variant broke a lesson: each is run alone, and none of them."""
    alone = {
        f"{way.slug}-{one.exercise}": [one]
        for one in way.variants
        if len(way.variants) > 1
    }
    none = f"{way.slug}-none"
    waiting = [
        _job(lesson, settings, _way(lesson, slug, variants, settings.lang))
        for slug, variants in {**alone, none: []}.items()
    ]
    done: dict[str, Result] = {}
    workers = _workers(settings, waiting)
    execution.execute(waiting, replace(settings, fresh=True), workers, done, _Silent())
    if none in done and not done[none].good:
        return say("run.without", settings.lang, why=done[none].message)
    lines = [
        _told("run.variant", lesson, alone[slug], done[slug], settings)
        for slug in alone
        if slug in done and not done[slug].good
    ]
    key = "run.together" if alone else "run.variant"
    return "\n".join(lines) or _told(key, lesson, way.variants, failed, settings)


def _told(
    key: str,
    lesson: Lesson,
    variants: list[Variant],
    broken: Result,
    settings: Settings,
) -> str:
    path = lesson.path.relative_to(lesson.course.root).as_posix()
    named = ", ".join(one.exercise for one in variants)
    place = f"{path}:{variants[0].line}"
    return say(key, settings.lang, place=place, names=named, why=broken.message)
