"""What a learner has solved so far: one small JSON file in their own data folder."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NotRequired, TypedDict, TypeGuard, cast

from bmkit import atomic
from bmkit.errors import BmkitError, reason
from bmkit.lab.words import say

PATIENCE = 10  # seconds that another notebook may keep the file


class Entry(TypedDict):
    """What is known of one exercise.

    Attributes:
        points: what it is worth.
        passed: whether it was solved, once and for all.
        attempts: how often a written answer was checked until it was right.
        asked: how many hints were asked for, besides one for each failed attempt.
        answered: whether its answer was shown before it was solved: it gives no points.
    """

    points: float
    passed: bool
    attempts: int
    asked: NotRequired[int]
    answered: NotRequired[bool]


OPTIONAL = ("asked", "answered")  # of an entry
Record = dict[str, dict[str, Entry]]
_unkept: Record = {}  # of a session that is not recorded


class BadRecord(BmkitError):
    """The file of what was solved is broken; the message says which, and what now."""


def path() -> Path:
    """Where progress is kept: ``BMKIT_PROGRESS`` or the platform's data folder."""
    named = os.environ.get("BMKIT_PROGRESS")
    if named and named != "off":
        return Path(named)
    from platformdirs import user_data_dir

    return Path(user_data_dir("bmkit", appauthor=False)) / "progress.json"


def recorded() -> bool:
    """Whether anything is written: headless runs and graders set it to ``off``."""
    return os.environ.get("BMKIT_PROGRESS") != "off"


def load() -> Record:
    """``{slug: {exercise: entry}}``; empty when none. What is no entry is left out.

    Raises:
        BadRecord: the file cannot be read, or holds no JSON object.
    """
    return {
        slug: {
            name: entry
            for name, found in lesson.items()
            if (entry := _entry(found)) is not None
        }
        for slug, lesson in _read().items()
        if isinstance(lesson, dict)
    }


def solved(entry: Entry | None) -> bool:
    """Whether the learner solved it without the answer: it gives its points."""
    return bool(entry and entry["passed"] and not entry.get("answered"))


def shown(entry: Entry | None, hints: int) -> int:
    """How many of an exercise's hints the learner has seen."""
    if entry is None:
        return 0
    failed = entry["attempts"] - entry["passed"]
    return min(max(failed, 0) + entry.get("asked", 0), hints)


def of(slug: str, exercise: str, *, keep: bool = True) -> Entry | None:
    """What is known of an exercise; None before its first check.

    Args:
        slug: the lesson.
        exercise: its name.
        keep: as for `change`.
    """
    known: Record = _unkept
    if keep and recorded():
        with contextlib.suppress(BadRecord):
            return load().get(slug, {}).get(exercise)
        return None
    return known.get(slug, {}).get(exercise)


def record(
    slug: str, exercise: str, points: float, passed: bool, *, keep: bool = True
) -> int:
    """Note one check of a written answer; return how many there have been.

    A solved exercise stays solved, and what is checked later counts no attempt.
    """

    def note(entry: Entry) -> None:
        if not entry["passed"]:
            entry["attempts"] += 1
        entry["passed"] = entry["passed"] or passed

    return change(slug, exercise, points, note, keep=keep)["attempts"]


def change(
    slug: str,
    exercise: str,
    points: float,
    note: Callable[[Entry], None],
    *,
    keep: bool = True,
) -> Entry:
    """Change the entry of one exercise and write the file, whoever else writes it.

    A folder that cannot be written costs the record, not the check. A broken file is
    put aside, not overwritten, and that is said.

    Args:
        slug: the lesson.
        exercise: its name.
        points: what it is worth.
        note: changes the entry in place.
        keep: whether to write it; if not, it is known until the process ends.
    """
    if not (keep and recorded()):
        return _changed(_unkept, slug, exercise, points, note)
    import filelock

    file = path()
    lock = filelock.FileLock(f"{file}.lock", timeout=PATIENCE)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, filelock.Timeout):
            file.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lock)
        try:
            everything = _read()
        except BadRecord as error:
            everything = {}
            _put_aside(file, error)
        entry = _changed(everything, slug, exercise, points, note)
        if lock.is_locked:
            text = json.dumps(everything, indent=1, ensure_ascii=False)
            with contextlib.suppress(OSError):
                atomic.write(file, text)
    return entry


def _changed(
    everything: dict[str, Any],
    slug: str,
    exercise: str,
    points: float,
    note: Callable[[Entry], None],
) -> Entry:
    lesson = everything.get(slug)
    if not isinstance(lesson, dict):
        lesson = everything[slug] = {}
    blank = Entry(points=points, passed=False, attempts=0)
    entry = lesson[exercise] = _entry(lesson.get(exercise)) or blank
    entry["points"] = points
    note(entry)
    return entry


def _read() -> dict[str, Any]:
    """The file as it is, entries of other forms included."""
    file = path()
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        why = reason(error)
    except (ValueError, RecursionError):
        why = say("progress.form")
    else:
        if isinstance(found, dict):
            return found
        why = say("progress.form")
    # What is no file, such as a folder, is left where it is.
    key = "progress.broken" if file.is_file() else "progress.unreadable"
    raise BadRecord(say(key, path=file, why=why))


def _entry(found: object) -> Entry | None:
    """An entry as `record` writes it, None for what is none.

    A number that counts nothing, such as -1 or NaN, is 0.
    """
    if not isinstance(found, dict) or not isinstance(found.get("passed"), bool):
        return None
    numbers = [found.get("points", 0), found.get("attempts"), found.get("asked", 0)]
    if not all(isinstance(number, (int, float)) for number in numbers):
        return None
    known = {key: value for key, value in found.items() if key not in OPTIONAL}
    points, attempts, asked = map(found.get, ("points", "attempts", "asked"))
    known["points"] = points if _counts(points) else 0
    known["attempts"] = int(attempts) if _counts(attempts) else 0
    if _counts(asked) and int(asked):
        known["asked"] = int(asked)
    if found.get("answered") is True:
        known["answered"] = True
    return cast(Entry, known)


def _counts(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and 0 <= value < math.inf


def _put_aside(file: Path, error: BadRecord) -> None:
    """Give a broken file another name, which no earlier one has."""
    names = [".broken.json", *(f".broken-{n}.json" for n in range(2, 100))]
    free = (file.with_suffix(name) for name in names)
    aside = next((one for one in free if not one.exists()), None)
    if aside is None or not file.is_file():
        return
    with contextlib.suppress(OSError):
        os.replace(file, aside)
        print(say("progress.aside", path=file, aside=aside))
