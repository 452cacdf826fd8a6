"""The report of a run: a page to look at, JSON for programs, JUnit for CI.

The page has no picture and no notebook in it: they lie beside it, and a browser loads
what one looks at. So it opens at once, however many lessons there are.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit import atomic
from bmkit.course.json_values import JsonObject
from bmkit.course.report import lesson_files, pages
from bmkit.course.report.registry import Entry
from bmkit.course.report.run_data import write_json, write_junit
from bmkit.course.run.cache_key import versions
from bmkit.course.run.result import Result
from bmkit.course.words import say
from bmkit.lab.number_text import listed

if TYPE_CHECKING:
    from bmkit.course.run.execution import Settings

PAGE, DATA, JUNIT = "report.html", "report.json", "junit.xml"


def clear(folder: Path) -> None:
    """Remove an earlier report: where none is written, none must seem to be."""
    for name in (PAGE, DATA, JUNIT):
        (folder / name).unlink(missing_ok=True)


def write(
    folder: Path,
    results: list[Result],
    settings: Settings,
    seconds: float,
    claims: Sequence[Entry] = (),
) -> Path:
    """Write the page, what it shows beside it, report.json and junit.xml.

    Args:
        folder: where.
        results: what ran, or was known.
        settings: how.
        seconds: how long all of it took.
        claims: those of all lessons, for the page's list that can be searched.

    Returns:
        The page.
    """
    facts = {
        "profile": settings.profile,
        "device": settings.device,
        "lang": settings.lang,
        "seed": settings.seed,
        "seconds": round(seconds, 1),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "versions": {k: v for k, v in versions().items() if v != "absent"},
    }
    write_json(folder / DATA, results, facts)
    write_junit(folder / JUNIT, results, seconds)
    shown = lesson_files.write(folder, results, settings.lang)
    page = atomic.write(folder / PAGE, _html(results, shown, facts, claims))
    return page.resolve()


def _html(
    results: list[Result],
    shown: dict[str, lesson_files.Shown],
    facts: JsonObject,
    claims: Sequence[Entry],
) -> str:
    lang = facts["lang"]
    return pages.template("report.html").render(
        results=sorted(results, key=lambda result: result.good),  # failures first
        shown=shown,
        claims=claims,
        numbers=listed,
        facts=facts,
        lang="zh-CN" if lang == "zh" else "en",
        say=partial(say, lang=lang),
        good=sum(result.good for result in results),
    )
