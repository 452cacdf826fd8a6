"""A run for programs: JSON with all that is known, JUnit for continuous integration."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

from bmkit import atomic
from bmkit.course.json_values import JsonObject
from bmkit.course.run.result import Result

# Control characters, and half characters.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_json(path: Path, results: list[Result], facts: JsonObject) -> None:
    """All of the results but pictures and notebooks."""
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


def write_junit(path: Path, results: list[Result], seconds: float) -> None:
    """A case for each lesson, claim, known answer, exercise and equation."""
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
            ElementTree.SubElement(row, "system-out").text = text
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
    for element in suite.iter():
        element.text = _clean(element.text or "")
        element.attrib = {key: _clean(text) for key, text in element.items()}
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
            out.text = told or one["skipped"]


def _failure(case: ElementTree.Element, message: str, text: str) -> None:
    failure = ElementTree.SubElement(case, "failure", message=message)
    failure.text = text


def _clean(text: str) -> str:
    """``text`` without what XML has not, not even escaped."""
    return NOT_XML.sub("?", text)
