"""The tables of lessons in README.md and README.zh.md, made from the catalog."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from bmkit.course.build.facts import points
from bmkit.course.source.catalog import Course
from bmkit.course.words import say

FILES = {"en": "README.md", "zh": "README.zh.md"}
HEADS = ("lesson", "says", "minutes", "exercises")
BLOCK = re.compile(r"(<!-- lessons -->\n).*?(<!-- /lessons -->)", re.DOTALL)


def table(lang: str, course: Course) -> str:
    """The table of lessons, in Markdown."""
    rows = [[say(f"readme.{head}", lang) for head in HEADS], ["---"] * len(HEADS)]
    for lesson in course.lessons():
        link = f"lessons/{lang}/{lesson.built.as_posix()}"
        count = len(points(lesson))
        rows.append(
            [
                f"[{lesson.title[lang]}]({link})",
                lesson.says[lang],
                str(lesson.minutes),
                str(count),
            ]
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _wanted(course: Course) -> dict[Path, str]:
    wanted = {}
    for lang, name in FILES.items():
        path = course.root / name
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            made = table(lang, course)
            # Not as a template: backslashes in a title mean nothing.
            wanted[path] = BLOCK.sub(partial(_between, made), text)
    return wanted


def _between(made: str, match: re.Match[str]) -> str:
    return f"{match[1]}{made}{match[2]}"


def differences(course: Course) -> list[str]:
    """Which README has an outdated table."""
    return [
        f"{path.name}: the table of lessons is out of date"
        for path, text in _wanted(course).items()
        if path.read_text(encoding="utf-8") != text
    ]


def write(course: Course) -> list[Path]:
    """Renew the tables; return the files that changed."""
    changed = []
    for path, text in _wanted(course).items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed
