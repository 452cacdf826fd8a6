"""The folder `my-lessons/`: copies of the lessons, in which a learner works.

What a learner has is never overwritten. A copy without work in it is renewed when its
lesson has changed; for any other a new version is offered, and taken by `update` alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bmkit import atomic
from bmkit.course import state
from bmkit.course.build import carry_over, kept_copies, seal
from bmkit.course.json_values import JsonObject, as_dict
from bmkit.course.source.catalog import Course, Lesson
from bmkit.errors import writing


@dataclass(frozen=True)
class Copy:
    """A learner's copy of a lesson.

    Attributes:
        lesson: of which.
        path: where it is.
        exercises: their names, as the copy has them.
        newer: whether the lesson has changed since, and there is work in the copy.
    """

    lesson: Lesson
    path: Path
    exercises: tuple[str, ...]
    newer: bool = False

    @property
    def total(self) -> int:
        """How many exercises it has."""
        return len(self.exercises)


def bring(course: Course, lessons: list[Lesson], lang: str) -> list[Copy]:
    """See to it that there is a copy of each lesson; return them.

    Raises:
        CannotWrite: a copy cannot be written.
        SourceError: a lesson that is not built has a source that cannot be.
    """
    with writing(course.mine):
        state.ignored(course.mine)
    return [_copy(course, lesson, lang) for lesson in lessons]


def _copy(course: Course, lesson: Lesson, lang: str) -> Copy:
    path = course.mine / lang / lesson.built
    _follow(path, lesson.slug)
    if not path.exists() and not path.is_symlink():
        _write(path, _begun(lesson, lang))
    book, built = _book(path), original(lesson, lang)
    newer = seal.version(book) != seal.version(seal.read(built))
    if newer and not seal.has_work(book):
        _write(path, built)
        book, newer = _book(path), False
    return Copy(lesson, path, tuple(as_dict(_ours(book).get("exercises"))), newer)


def _write(path: Path, text: str) -> None:
    with writing(path):
        atomic.write(path, text)


def _follow(path: Path, slug: str) -> None:
    """A copy from when the lesson had another number, or chapter, is moved."""
    if path.exists() or path.is_symlink():
        return
    for old in sorted(path.parents[1].glob(f"[0-9]*/[0-9]*-{slug}.ipynb")):
        if old.stem.split("-", 1)[-1] == slug:
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                old.rename(path)
            return


def _begun(lesson: Lesson, lang: str) -> str:
    """What a first copy holds: the lesson, with what was written in lessons/ so far."""
    built = _text(lesson.course.built / lang / lesson.built)
    ours = _ours(seal.read(built)).get("slug") == lesson.slug
    return built if ours else original(lesson, lang)


def original(lesson: Lesson, lang: str) -> str:
    """The lesson as it is handed out: as in lessons/, where nobody changed that."""
    from bmkit.course.build.release import learner_text

    text = _text(lesson.course.built / lang / lesson.built)
    book = seal.read(text)
    whole = seal.version(book) and not seal.has_work(book)
    return text if whole else learner_text(lesson, lang)


@dataclass(frozen=True)
class Updated:
    """What came of an update.

    Attributes:
        path: the new version.
        old: where the old one is; None where it was new enough.
        answers: how many answers were carried over.
        cells: how many cells of the learner's own were.
    """

    path: Path
    old: Path | None = None
    answers: int = 0
    cells: int = 0


def update(course: Course, lesson: Lesson, lang: str) -> Updated:
    """Put a learner's answers and own cells into the lesson's newest version.

    The old file stays beside it.

    Raises:
        CannotWrite: the new one, or the copy of the old one, cannot be written.
    """
    (copy,) = bring(course, [lesson], lang)
    if not copy.newer:
        return Updated(copy.path)
    old, new = _book(copy.path), seal.read(original(lesson, lang))
    answers, cells = carry_over.carry(old, new)
    aside = copy.path.with_name(f"{copy.path.stem}.old-1{copy.path.suffix}")
    kept = kept_copies.keep(copy.path, aside)
    text = json.dumps(new, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    _write(copy.path, text)
    return Updated(copy.path, kept, answers, cells)


def _book(path: Path) -> JsonObject:
    return seal.read(_text(path))


def _ours(book: JsonObject) -> JsonObject:
    """What the build says of the notebook in its metadata."""
    return as_dict(as_dict(book.get("metadata")).get("bmkit"))


def _text(path: Path) -> str:
    """What stands in a file; nothing where it cannot be read, or is none."""
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        pass
    return ""
