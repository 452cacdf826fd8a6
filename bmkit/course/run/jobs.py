"""A lesson and the settings of a run, to a job and to what its result goes by."""

from __future__ import annotations

import importlib.util
import os
import traceback

from bmkit.course.json_values import JsonObject
from bmkit.course.run.cache_key import fingerprint
from bmkit.course.run.execution import Settings
from bmkit.course.run.result import Result
from bmkit.course.run.worker import Job
from bmkit.course.source.catalog import Lesson
from bmkit.course.words import say
from bmkit.errors import BmkitError

MODULES = {"tensorflow": "tensorflow", "cluster": "distributed"}


def job(
    lesson: Lesson,
    settings: Settings,
    workers: int,
    key: str,
    notebook: str,
    slug: str = "",
) -> Job:
    """What one worker needs to run a notebook of the lesson.

    Args:
        lesson: its data, packages and title.
        settings: of the run.
        workers: how many run side by side.
        key: what the result goes by.
        notebook: as text.
        slug: what the result is called, if not as the lesson.
    """
    return Job(
        slug=slug or lesson.slug,
        title=lesson.title[settings.lang],
        lang=settings.lang,
        notebook=notebook,
        parameters=parameters(lesson, settings),
        threads=max(1, (os.cpu_count() or 1) // workers),
        limit=settings.limit,
        kernel="bmkit-tensorflow" if "tensorflow" in lesson.extras else "bmkit",
        key=key,
        data=_hashes(lesson, settings),
    )


def key(
    lesson: Lesson, settings: Settings, processor: str, reached: dict[str, str]
) -> str:
    """What the result of a notebook of the lesson goes by.

    Args:
        lesson: its data count.
        settings: of the run.
        processor: from `gpu.processor`.
        reached: what `cache_key.reached` says of the notebook.
    """
    given = {**parameters(lesson, settings), "lang": settings.lang}
    return fingerprint(reached, given, processor, _hashes(lesson, settings))


def _hashes(lesson: Lesson, settings: Settings) -> dict[str, str]:
    """The data that a run would use now."""
    from bmkit import data

    return data.hashes(lesson.data, _profile(lesson, settings))


def parameters(lesson: Lesson, settings: Settings) -> JsonObject:
    """What papermill sets."""
    return {
        "profile": _profile(lesson, settings),
        "device": settings.device,
        "seed": settings.seed,
    }


def _profile(lesson: Lesson, settings: Settings) -> str:
    """A lesson too small for a GPU has no `full` of its own: it is not run twice."""
    if settings.profile == "full" and not lesson.gpu:
        return "workshop"
    return settings.profile


def skipped(lesson: Lesson, settings: Settings) -> Result | None:
    """The result of a lesson that needs what is not installed here."""
    lacking = absent(lesson)
    if not lacking:
        return None
    message = say("run.extra", extra=lacking)
    title = lesson.title[settings.lang]
    return Result(lesson.slug, title, "skipped", message=message)


def absent(lesson: Lesson) -> str:
    """The first extra that the lesson needs and this environment lacks."""
    for extra in lesson.extras:
        if importlib.util.find_spec(MODULES.get(extra, extra)) is None:
            return extra
    return ""


def unsound(slug: str, title: str, error: BmkitError) -> Result:
    """What came of a lesson whose source, or whose data's card, is wrong."""
    return Result(slug, title, "failed", message=str(error))


def unbuilt(lesson: Lesson, settings: Settings, error: Exception) -> Result:
    """What came of a lesson that the kit could not build: a fault of the kit's own."""
    what = f"{type(error).__name__}: {error}"
    message = say("run.unbuilt", settings.lang, error=what)
    told = "".join(traceback.format_exception(error))
    title = lesson.title[settings.lang]
    return Result(lesson.slug, title, "failed", message=message, traceback=told)
