"""The `minutes` in each source's header, computed from what is in the lesson."""

from __future__ import annotations

import re
from pathlib import Path

from bmkit import atomic
from bmkit.course.build.facts import checked, facts
from bmkit.course.source.catalog import Course

MINUTES = re.compile(r"^# minutes: .*\n", re.MULTILINE)
SECTION = re.compile(r"^# section: .*\n", re.MULTILINE)


def _wanted(course: Course) -> dict[Path, str]:
    """The sources whose header says other minutes, and how they should read."""
    wanted = {}
    for lesson in checked(course):
        minutes = facts(lesson).minutes
        if minutes != lesson.minutes:
            text = lesson.path.read_text(encoding="utf-8")
            header, end, rest = text.partition("\n# ---\n")
            header = MINUTES.sub("", f"{header}\n")
            line = f"# minutes: {minutes}\n"
            header = SECTION.sub(rf"\g<0>{line}", header, count=1)
            wanted[lesson.path] = header.removesuffix("\n") + end + rest
    return wanted


def differences(course: Course) -> list[str]:
    """Which source's header has outdated minutes."""
    return [
        f"{path.relative_to(course.root).as_posix()}: minutes are out of date"
        for path in _wanted(course)
    ]


def write(course: Course) -> list[Path]:
    """Renew the minutes; return the files that changed."""
    changed = _wanted(course)
    for path, text in changed.items():
        atomic.write(path, text)
    return list(changed)
