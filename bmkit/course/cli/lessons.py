"""The lessons that a verb can use; what is wrong with the others stops none of them."""

from __future__ import annotations

import sys

from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import Problem, SourceError


def readable(course: Course) -> tuple[list[Lesson], int]:
    """The lessons whose headers are right, and the exit code so far.

    Problems of the others are told on stderr; the code is then 1.
    """
    lessons, problems = course.readable()
    tell(problems)
    return lessons, int(bool(problems))


def tell(problems: list[Problem]) -> None:
    """Print each problem with its place, as editors and compilers write it."""
    if problems:
        print(SourceError(problems).told(""), file=sys.stderr)
