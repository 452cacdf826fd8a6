"""Hostile notebooks, one a file in percent text: read, put together, held to account.

A file's first lines say ``# tries:`` what it is after and ``# must:`` what has to
happen, clauses with semicolons between them (`CLAUSE`); ``# needs: memory cgroup``
that it can be held only where one can be made, and that `counting.py` stands before
its cells. These go into an otherwise right notebook of the course in `course/`: a cell
headed ``# %% add`` is the answer to exercise ``add``, one headed ``# %% first``,
``# %% before add``, ``# %% after add`` or ``# %% last`` is a cell more. A notebook
prints SUCCEEDED where it got what it was after, and ``tried`` where it lived to see
that it did not.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bmkit.course.build import release
from bmkit.course.grade.result import Verdict
from bmkit.course.source import loading
from bmkit.course.source.catalog import Course

HERE = Path(__file__).parent
COURSE = HERE / "course"
GROUP, COUNTING = "memory cgroup", HERE / "counting.py"
HEADER = re.compile(r"^# (tries|must|needs): (.*(?:\n#   .*)*)", re.MULTILINE)
MARKER = re.compile(r"^# %% ?(.*)$", re.MULTILINE)
CLAUSE = re.compile(
    r"all points|no points|a person|nobody|says .+"
    r"|(?P<name>\w+) (?P<points>\d) points(?P<or> or a person)?"
)
# Printed by a notebook that got through. No source holds it in one piece, so that it
# stands for output wherever it is found.
SUCCESS = "SUCC" + "EEDED"


@dataclass
class Attack:
    """One file of this folder.

    Attributes:
        name: the file's, without its ending.
        tries: what the notebook is after.
        must: what has to happen.
        cells: where each of its cells goes, and the cell.
        needs: what this machine must have for it to be held.
    """

    name: str
    tries: str
    must: list[str]
    cells: list[tuple[str, str]] = field(default_factory=list)
    needs: str = ""


def attacks() -> list[Attack]:
    """Every hostile notebook here."""
    return [read(path) for path in sorted(HERE.glob("*-*.py"))]


def read(path: Path) -> Attack:
    """One hostile notebook.

    Raises:
        ValueError: its header says something that nobody would check.
    """
    text = path.read_text(encoding="utf-8")
    said = {key: re.sub(r"\n#\s+", " ", body) for key, body in HEADER.findall(text)}
    must = [clause.strip() for clause in said["must"].split(";")]
    for clause in must:
        if not CLAUSE.fullmatch(clause):
            raise ValueError(f"{path.name}: nobody checks {clause!r}")
    _, *parts = MARKER.split(text)
    cells = [
        (place.strip(), code.strip())
        for place, code in zip(parts[::2], parts[1::2], strict=True)
    ]
    needs = said.get("needs", "")
    if needs == GROUP:
        cells.insert(0, ("first", COUNTING.read_text(encoding="utf-8")))
    return Attack(path.stem, said["tries"], must, cells, needs)


def right_book() -> Any:
    """The notebook as an honest learner hands it in, every answer right."""
    (lesson,) = Course(COURSE).lessons()
    book = copy.deepcopy(release.learner_notebook(lesson))
    answers = {cell.name: cell.source for cell in loading.source_of(lesson).exercises()}
    for cell in book.cells:
        if cell["id"] in answers:
            cell.source = answers[cell["id"]]
    return book


def notebook(attack: Attack, **words: Any) -> Any:
    """The hostile notebook.

    Args:
        attack: whose cells to put in.
        words: what stands for ``@NAME@`` in them.
    """
    from nbformat.v4 import new_code_cell

    book, added = right_book(), 0
    for place, code in attack.cells:
        for name, word in words.items():
            code = code.replace(f"@{name}@", str(word))
        way, _, name = place.rpartition(" ")
        ids = [cell["id"] for cell in book.cells]
        if not way and name in ids:
            book.cells[ids.index(name)].source = code
            continue
        at = {"first": added, "last": len(ids)}.get(name)
        if at is None:
            at = ids.index(name) + (way == "after")
        book.cells.insert(at, new_code_cell(code))
        added += place == "first"
    return book


def outputs(verdict: Verdict) -> str:
    """All that the notebook printed, showed and raised, as one text."""
    cells = json.loads(verdict.notebook)["cells"]
    shown = [cell.get("outputs", []) for cell in cells]
    return json.dumps(shown, ensure_ascii=False)


def broken(attack: Attack, verdict: Verdict) -> list[str]:
    """What has to happen and did not, in words."""
    said, found = outputs(verdict), []
    points = {mark.exercise: mark.points for mark in verdict.marks}
    if SUCCESS in said:
        found.append(f"it got through: {said[said.index(SUCCESS) :][:300]}")
    for clause in attack.must:
        match = CLAUSE.fullmatch(clause)
        if clause in ("all points", "no points"):
            held = verdict.points == (verdict.of if clause == "all points" else 0)
        elif clause in ("a person", "nobody"):
            held = bool(verdict.person) == (clause == "a person")
        elif clause.startswith("says "):
            held = clause.removeprefix("says ") in said
        else:
            held = points[match["name"]] == float(match["points"])
            held |= bool(match["or"] and verdict.person)
        if not held:
            found.append(f"must: {clause}")
    if found:
        found += [
            f"points {points}",
            f"person {verdict.person}",
            f"said {said[-1500:]}",
        ]
    return found


def table(notebooks: list[Attack], files: list[Any]) -> str:
    """The README: every attack in a row."""
    rows = [
        f"| `{one.name}` | {one.tries} | {'; '.join(one.must)} |" for one in notebooks
    ]
    tricks = []
    for trick in files:
        must = "refused, in one line" if trick.points is None else "graded as it is"
        must = "no point too many" if trick.points == 8 else must
        tricks.append(f"| {trick.name} | {trick.tries} | {must} |")
    return INTRODUCTION.format("\n".join(rows), "\n".join(tricks))


INTRODUCTION = """\
# Attacks

Hostile notebooks, each with what must happen to it: `tests/test_attacks.py` grades
each twice at one time with 11 honest ones beside it, and looks at the points, at what
was printed and kept, and at what is left: no process, no file, no call from inside.
How to write one is said in `harness.py`; `python -m tests.attacks` writes this table.

| notebook | tries | must |
| --- | --- | --- |
{}

What is wrong with these is the file (`files.py`); the notebook is worth 10 points.

| file | tries | must |
| --- | --- | --- |
{}
"""
