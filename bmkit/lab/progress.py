"""What a learner has solved so far: one small JSON file in their own data folder."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TypedDict, TypeGuard

from bmkit import atomic
from bmkit.errors import BmkitError, reason
from bmkit.lab.words import say


class Entry(TypedDict):
    """What is known of one exercise."""

    points: float
    passed: bool
    attempts: int


Record = dict[str, dict[str, Entry]]


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
    """``{slug: {exercise: {"points", "passed", "attempts"}}}``; empty when none.

    Raises:
        BadRecord: the file cannot be read, or is not of this form.
    """
    file = path()
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        why = reason(error)
    except ValueError:
        why = say("progress.form")
    else:
        if _formed(found):
            return found
        why = say("progress.form")
    # What is no file, such as a folder, is left where it is.
    key = "progress.broken" if file.is_file() else "progress.unreadable"
    raise BadRecord(say(key, path=file, why=why))


def _formed(found: object) -> TypeGuard[Record]:
    """Whether this is what `record` writes."""
    return isinstance(found, dict) and all(
        isinstance(lesson, dict)
        and all(
            isinstance(entry, dict) and entry.keys() >= {"passed", "attempts"}
            for entry in lesson.values()
        )
        for lesson in found.values()
    )


def record(slug: str, exercise: str, points: float, passed: bool) -> int:
    """Note one attempt; return how many attempts there have been.

    A solved exercise stays solved. A folder that cannot be written costs the record,
    not the check. A broken file is put aside, not overwritten.
    """
    try:
        everything = load()
    except BadRecord:
        everything = {}
        with contextlib.suppress(OSError):
            if recorded() and path().is_file():
                os.replace(path(), path().with_suffix(".broken.json"))
    entry = everything.setdefault(slug, {}).setdefault(
        exercise, {"points": points, "passed": False, "attempts": 0}
    )
    entry["points"] = points
    entry["attempts"] += 1
    entry["passed"] = entry["passed"] or passed
    if recorded():
        text = json.dumps(everything, indent=1, ensure_ascii=False)
        with contextlib.suppress(OSError):
            atomic.write(path(), text)
    return entry["attempts"]
