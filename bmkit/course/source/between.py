"""What makes a course wrong, though each of its lessons is right by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import Problem
from bmkit.course.source.glossary import terms


def problems(lessons: list[Lesson]) -> Iterator[Problem]:
    """What lessons say of each other: what they need, introduce and call things."""
    yield from _needs(lessons)
    yield from _symbols(lessons)
    yield from _introduced(lessons)


def _introduced(lessons: list[Lesson]) -> Iterator[Problem]:
    """What a lesson introduces is a term of the glossary."""
    for lesson in lessons:
        for term in lesson.introduces:
            if term not in terms(lesson.course.solutions):
                message = f"introduces {term!r}, which the glossary does not have"
                yield Problem(lesson.path, 1, message)


def _symbols(lessons: list[Lesson]) -> Iterator[Problem]:
    """A symbol means one thing in a chapter; its first lesson says what."""
    first: dict[tuple[str, str], Lesson] = {}
    for lesson in lessons:
        for symbol, meaning in lesson.symbols.items():
            earlier = first.setdefault((lesson.path.parent.name, symbol), lesson)
            known = earlier.symbols[symbol]
            if meaning != known:
                yield Problem(
                    lesson.path,
                    1,
                    f"symbol {symbol!r} is {meaning!r} here and {known!r} in "
                    f"{earlier.slug}: one meaning in a chapter",
                )


def _needs(lessons: list[Lesson]) -> Iterator[Problem]:
    slugs = Counter(lesson.slug for lesson in lessons)
    graph = {lesson.slug: lesson.needs for lesson in lessons}
    for lesson in lessons:
        if slugs[lesson.slug] > 1:
            yield Problem(lesson.path, 1, f"duplicate slug {lesson.slug!r}")
        for need in lesson.needs:
            if need not in graph:
                yield Problem(lesson.path, 1, f"needs {need!r}, which does not exist")
        circle = _circle(lesson.slug, graph)
        if circle:
            message = f"needs go in a circle: {' → '.join(circle)}"
            yield Problem(lesson.path, 1, message)


def _circle(start: str, graph: dict[str, tuple[str, ...]]) -> list[str]:
    """The way from ``start`` back to itself along ``needs``; empty if none."""
    trails = [[start]]
    seen: set[str] = set()
    while trails:
        trail = trails.pop()
        for need in graph.get(trail[-1], ()):
            if need == start:
                return [*trail, start]
            if need not in seen:
                seen.add(need)
                trails.append([*trail, need])
    return []
