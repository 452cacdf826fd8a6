"""The course's own lessons, for tests that are about each of them or about a few."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from bmkit.course.source.catalog import Course, Lesson
from tests import ROOT

LESSONS = {lesson.slug: lesson for lesson in Course(ROOT).lessons()}


def each_lesson(test: Callable[..., Any]) -> Callable[..., Any]:
    """The test with ``slug``, once for every lesson."""
    return pytest.mark.lessons(pytest.mark.parametrize("slug", LESSONS)(test))


def sample(count: int) -> list[Lesson]:
    """``count`` lessons in place of all, in the course's order.

    They are chosen by a hash of slug and source: which ones moves as sources change,
    and is the same wherever the sources are the same.
    """

    def rank(lesson: Lesson) -> str:
        text = lesson.slug.encode() + lesson.path.read_bytes()
        return hashlib.sha256(text).hexdigest()

    chosen = sorted(LESSONS.values(), key=rank)[:count]
    return [lesson for lesson in LESSONS.values() if lesson in chosen]
