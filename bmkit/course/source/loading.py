"""Sources read once for each version of their file, and refused when wrong."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bmkit.course.source import lint
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import Source, SourceError, read


@cache
def _read(path: Path, _changed: int) -> Source:
    return read(path)


def source_of(lesson: Lesson) -> Source:
    """The lesson's source, read once for each version of the file."""
    return _read(lesson.path, lesson.path.stat().st_mtime_ns)


def sources(course: Course) -> list[tuple[Lesson, Source]]:
    """Every lesson with its source.

    Raises:
        SourceError: with every problem of every file.
    """
    pairs = [(lesson, source_of(lesson)) for lesson in course.lessons()]
    found = lint.problems(pairs)
    if found:
        raise SourceError(found)
    return pairs
