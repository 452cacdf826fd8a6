"""What commands want to know of each source, kept so that few read one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from bmkit.course.build.cache import kept
from bmkit.course.source import words
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import Problem
from bmkit.course.source.words import Use


@dataclass(frozen=True)
class Facts:
    """What stands in a source.

    Attributes:
        problems: what is wrong with it by itself, and what it still lacks.
        minutes: as they are computed.
        uses: what it does with each term of the glossary.
    """

    problems: tuple[Problem, ...]
    minutes: int
    uses: dict[str, Use]


def points(lesson: Lesson) -> dict[str, int]:
    """The points of each exercise, in order."""
    return kept(lesson, "points", dict[str, int], lambda: _points(lesson))


def _points(lesson: Lesson) -> dict[str, int]:
    from bmkit.course.source.loading import source_of

    cells = source_of(lesson).exercises()
    points = {cell.name: cell.options.get("points") for cell in cells}
    # One that is no number is a problem of the source, told by `facts`.
    return {name: one if isinstance(one, int) else 0 for name, one in points.items()}


def facts(lesson: Lesson) -> Facts:
    """What stands in this lesson's source."""
    known = kept(lesson, "facts", _Known, lambda: _read(lesson))
    problems = tuple(Problem(lesson.path, *rest) for rest in known["problems"])
    return Facts(problems, known["minutes"], known["uses"])


def sound(lesson: Lesson) -> bool:
    """Whether its source can be built."""
    return all(problem.note for problem in facts(lesson).problems)


@contextmanager
def blaming(lesson: Lesson) -> Iterator[None]:
    """What fails inside, while a source is used, is the source's where that is wrong.

    Raises:
        SourceError: with the source's problems, instead of any other error.
    """
    from bmkit.course.source.loading import demand_right

    try:
        yield
    except Exception:
        demand_right([*facts(lesson).problems])
        raise


class _Known(TypedDict):
    """What is kept of `Facts`; of a problem line, message and whether it is a note."""

    problems: list[tuple[int, str, bool]]
    minutes: int
    uses: dict[str, Use]


def _read(lesson: Lesson) -> _Known:
    from bmkit.course.source import lint
    from bmkit.course.source.loading import source_of
    from bmkit.course.source.minutes import estimate

    source = source_of(lesson)
    problems = sorted(lint.own(source))
    return {
        "problems": [(one.line, one.message, one.note) for one in problems],
        "minutes": estimate(source),
        "uses": words.uses(source),
    }


def checked(course: Course, slugs: Sequence[str] = ()) -> list[Lesson]:
    """Lessons of which none has a problem: those of these slugs, or all.

    Raises:
        UnknownLesson: a slug that no lesson has.
        SourceError: with every problem of every source asked for, and, for all, those
            between sources.
    """
    from bmkit.course.source import between
    from bmkit.course.source.loading import demand_right

    lessons = course.pick(list(slugs)) if slugs else course.lessons()
    found = [problem for lesson in lessons for problem in facts(lesson).problems]
    if not slugs:
        found += [*between.problems(lessons), *early(lessons)]
    demand_right(found)
    return lessons


def early(lessons: list[Lesson]) -> list[Problem]:
    """Terms that lessons use too early, or do not introduce as they should."""
    return list(words.problems(lessons, {x.slug: facts(x).uses for x in lessons}))


def notes(course: Course) -> list[Problem]:
    """What lessons still lack, though they can be built and run."""
    lessons = course.lessons()
    own = [problem for lesson in lessons for problem in facts(lesson).problems]
    return sorted(problem for problem in [*own, *early(lessons)] if problem.note)
