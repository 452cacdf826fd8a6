"""What was computed from a source, kept by content, so that it is computed once.

A value lies in ``.bmkit/cache/`` beside a key: the hash of all that it depends on. When
the key is another, the value is made anew; dates say nothing about it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from bmkit import atomic
from bmkit.course import state
from bmkit.course.json_values import as_dict, shaped
from bmkit.course.source import glossary, quotes
from bmkit.course.source.catalog import Course, Lesson
from bmkit.data import cards

T = TypeVar("T")
BEGAN = time.time()
PACKAGE = Path(__file__).resolve().parents[2]
# What reads sources and makes notebooks of them.
PACKAGES = ("jupytext", "nbformat", "nbgrader", "pyyaml", "mistune")


def kept(lesson: Lesson, what: str, form: type[T], make: Callable[[], T]) -> T:
    """What ``make`` gives for this lesson: kept from before where nothing changed.

    Args:
        lesson: whose source it is made from.
        what: a name for it, the same for the same ``make``.
        form: its type, for `shaped`; what was kept in another is made anew.
        make: makes it, from the source and the headers alone.
    """
    path = lesson.course.state / "cache" / what / f"{lesson.slug}.json"
    right = key(lesson)
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = as_dict(json.loads(path.read_text(encoding="utf-8")))
        if found.get("key") == right:
            return shaped(found.get("value"), form)
    value = make()
    with contextlib.suppress(OSError):  # a folder that is not ours: nothing is kept
        state.make(path.parent)
        whole = {"key": right, "value": value}
        text = json.dumps(whole, ensure_ascii=False, default=asdict)
        atomic.write(path, text)
    return value


def key(lesson: Lesson) -> str:
    """The hash of all that can change what is made from this lesson's source."""
    parts = [
        lesson.path.as_posix(),
        _sha(lesson.path),
        _headers(tuple(lesson.course.readable()[0])),
        _document(lesson.course),
        _terms(lesson.course),
        lesson.course.address(),
        kit(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _headers(lessons: tuple[Lesson, ...]) -> str:
    """What a lesson's notebook says of the other lessons: titles, order, needs."""
    return repr([(x.slug, x.title, x.built.as_posix(), x.needs) for x in lessons])


def _document(course: Course) -> str:
    """The document that quotations are compared with."""
    path = quotes.document(course.root.resolve())
    text = quotes.content(path) if path else ""
    return hashlib.sha256(text.encode()).hexdigest()


def _terms(course: Course) -> str:
    """The terms that the course adds to the glossary."""
    path = glossary.own(course.solutions)
    return _sha(path) if path else ""


@cache
def kit() -> str:
    """All of bmkit, its glossary and its cards of data, and what it builds with."""
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml")]
    files += cards.FOLDER.glob("*.toml")
    if any(path.stat().st_mtime > BEGAN for path in files):
        # The code that runs may be older than its file: nothing it makes is kept.
        return uuid4().hex
    parts = [f"{path.name} {_sha(path)}" for path in sorted(files)]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    return "\n".join([*parts, platform.python_version()])


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
