"""The report of a run: a page to look at, JSON for programs, JUnit for CI."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from bmkit import atomic
from bmkit.course.json_values import JsonObject
from bmkit.course.report import pages
from bmkit.course.report.registry import Entry
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
    """Write report.html, report.json, junit.xml and notebooks/; return the page.

    Args:
        folder: where.
        results: what ran, or was known.
        settings: how.
        seconds: how long all of it took.
        claims: those of all lessons, for the page's list that can be searched.
    """
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True, exist_ok=True)
    for result in results:
        if result.notebook:
            atomic.write(notebooks / f"{result.slug}.ipynb", result.notebook)
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
    _json(folder / DATA, results, facts)
    _junit(folder / JUNIT, results, seconds)
    page = folder / PAGE
    atomic.write(page, _html(results, facts, claims))
    return page.resolve()


def _json(path: Path, results: list[Result], facts: JsonObject) -> None:
    rows = []
    for result in results:
        row = asdict(result)
        row.pop("notebook")
        row["mutants_told"] = result.mutants_told
        row["equations_told"] = result.equations_told
        row["figures"] = [figure["alt"] for figure in result.figures]
        rows.append(row)
    mutants, equations = Counter[str](), Counter[str]()
    for result in results:
        mutants.update(result.mutants_told)
        equations.update(result.equations_told)
    whole = {**facts, "mutants": mutants, "equations": equations, "lessons": rows}
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    atomic.write(path, text)


def _junit(path: Path, results: list[Result], seconds: float) -> None:
    suite = ElementTree.Element("testsuite", name="bmkit", time=f"{seconds:.1f}")
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname="lessons",
            name=result.slug,
            time=f"{result.seconds:.1f}",
        )
        if result.status == "skipped":
            ElementTree.SubElement(case, "skipped", message=result.message)
        elif not result.good:
            told = result.traceback or result.message
            _failure(case, f"{result.status}: {result.message}", told)
        for claim in result.claims:
            row = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"lessons.{result.slug}.claims",
                name=claim["text"],
            )
            if not claim["holds"]:
                why = claim["why"] or "the claim is false"
                _failure(row, why, json.dumps(claim["numbers"]))
            # What was measured, and compared with what, whether it holds or not.
            text = json.dumps(claim, ensure_ascii=False)
            ElementTree.SubElement(row, "system-out").text = _clean(text)
        for grader in result.graders:
            for number, answer in enumerate(grader["rows"]):
                row = ElementTree.SubElement(
                    suite,
                    "testcase",
                    classname=f"lessons.{result.slug}.{grader['exercise']}",
                    name=f"{number} {answer['kind']}",
                )
                if not answer["ok"]:
                    wanted = f"{answer['kind']} must {answer['expected']}"
                    _failure(row, wanted, f"it said: {answer['message'] or 'nothing'}")
        for name in ("mutants", "equations"):
            _tried(suite, result, name)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _tried(suite: ElementTree.Element, result: Result, name: str) -> None:
    """A case for each exercise's mutants, or for each equation's changes."""
    for one in getattr(result, name):
        row = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"lessons.{result.slug}.{one['exercise']}",
            name=name,
        )
        wrong = getattr(result, f"{name}_wrong").get(one["exercise"], [])
        told = "\n".join(f"{row['kind']}: {row['title']}" for row in wrong)
        if wrong and not result.good:
            _failure(row, f"{len(wrong)} changes survive", told)
        elif told or one["skipped"]:
            out = ElementTree.SubElement(row, "system-out")
            out.text = _clean(told or one["skipped"])


def _failure(case: ElementTree.Element, message: str, text: str) -> None:
    failure = ElementTree.SubElement(case, "failure", message=_clean(message))
    failure.text = _clean(text)


def _clean(text: str) -> str:
    """``text`` without control characters: XML has none, not even escaped."""
    return "".join(c for c in text if c >= " " or c in "\n\t")


def _html(results: list[Result], facts: JsonObject, claims: Sequence[Entry]) -> str:
    lang = facts["lang"]
    return pages.template("report.html").render(
        results=results,
        claims=claims,
        numbers=listed,
        facts=facts,
        lang="zh-CN" if lang == "zh" else "en",
        say=partial(say, lang=lang),
        good=sum(result.good for result in results),
    )
