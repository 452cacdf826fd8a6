"""Sources read once for each version of their file, and refused when wrong."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import Problem, Source, SourceError
from bmkit.course.source.reader import read


@cache
def _read(path: Path, _changed: int) -> Source:
    return read(path)


def source_of(lesson: Lesson) -> Source:
    """The lesson's source, read once for each version of the file."""
    return _read(lesson.path, lesson.path.stat().st_mtime_ns)


def demand_right(problems: list[Problem]) -> None:
    """Refuse what has problems; notes are none.

    Raises:
        SourceError: with all of them.
    """
    found = [problem for problem in problems if not problem.note]
    if found:
        raise SourceError(found)
