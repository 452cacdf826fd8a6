"""A learner's cells, taken apart where two of the lesson's were merged into one.

A lesson's cell is known by its text, in either language, whatever label it has: its
checks, its untouched exercises, its settings. All else is the learner's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from bmkit.course.build.nbgrader_cells import check_id, exercise_of_check, grade_id
from bmkit.course.build.release import learner_notebook
from bmkit.course.grade.bindings import LONGEST, SURE, bindings
from bmkit.course.grade.mending import mended
from bmkit.course.json_values import JsonObject, as_list
from bmkit.course.source.catalog import Lesson
from bmkit.language import LANGS

SETTINGS = ("profile", "device", "seed", "lang")


@dataclass(frozen=True)
class Given:
    """What a lesson gives out, in one language.

    Attributes:
        stubs: each exercise's cell, by name.
        checks: each exercise's check.
        own: its other code cells.
        prose: its other cells.
        names: what its other code cells define.
    """

    stubs: dict[str, str]
    checks: dict[str, str]
    own: frozenset[str]
    prose: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True)
class Piece:
    """A learner's cell, or a part of one.

    Attributes:
        source: its text.
        code: whether it is run.
        label: the exercise that it has the grade id of.
        check: the exercise whose check it is, word for word.
        near: the exercise whose check it is by label or name, in other words.
        stub: the exercise that it leaves as it was given out.
        own: whether it is one of the lesson's other cells.
        sets: whether it gives the lesson's settings.
        outputs: what it was handed in with, where it is a whole cell.
        number: of the cell in the learner's file.
        text: whether it is code that stood in a cell of text.
    """

    source: str
    code: bool = True
    label: str = ""
    check: str = ""
    near: str = ""
    stub: str = ""
    own: bool = False
    sets: bool = False
    outputs: list[JsonObject] = field(default_factory=list, compare=False)
    number: int = 0
    text: bool = False

    @property
    def theirs(self) -> bool:
        """Whether it is code that the learner wrote."""
        return self.code and not (self.own or self.check or self.stub)


def given(lesson: Lesson) -> dict[str, Given]:
    """What the lesson gives out, by language."""
    return _given(lesson, lesson.path.stat().st_mtime_ns)


@cache
def _given(lesson: Lesson, _changed: int) -> dict[str, Given]:
    made = {}
    for lang in LANGS:
        cells = learner_notebook(lesson, lang).cells
        graded = {grade_id(cell): squeezed(cell.source) for cell in cells}
        names = [name for name in graded if check_id(name) in graded]
        rest = [cell for cell in cells if not grade_id(cell)]
        code = {c.source.strip() for c in rest if c.cell_type == "code"}
        prose = {c.source.strip() for c in rest if c.cell_type != "code"}
        made[lang] = Given(
            stubs={name: graded[name] for name in names},
            checks={name: graded[check_id(name)] for name in names},
            own=frozenset(code),
            prose=frozenset(prose),
            names=frozenset(name for one in code for name in bindings(one).names),
        )
    return made


def squeezed(source: str) -> str:
    """Text without what editors change by themselves: blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def pieces(cells: list[JsonObject], lesson: Lesson) -> list[Piece]:
    """The cells, each taken apart where it must be, and what each part is."""
    every = given(lesson)
    made: list[Piece] = []
    for cell in cells:
        parts = list(_apart(cell, every))
        if len(parts) == 1:
            parts = [replace(parts[0], outputs=as_list(cell.get("outputs")))]
        made += [replace(part, number=cell["number"]) for part in parts]
    return made


def _apart(cell: JsonObject, every: dict[str, Given]) -> Iterator[Piece]:
    source, name = cell["source"], grade_id(cell)
    names = every["en"].stubs
    text = cell["cell_type"] != "code"
    if text and not _is_answer(source, name, every):
        yield Piece(source, code=False)
        return
    whole = Piece(source, label=name if name in names else "", text=text)
    checked = exercise_of_check(cell)
    tags = as_list(cell["metadata"].get("tags"))
    for part in _without_checks(whole, every):
        if not part.check:
            part = _known(part, every)
        if checked in names and part.check != checked:
            part = replace(part, near=checked)
        yield from _settings(part, "parameters" in tags)


def _is_answer(source: str, name: str, every: dict[str, Given]) -> bool:
    """Whether a cell of text holds an answer: one key turns a cell of code into it.

    nbgrader makes its own cells of code what they were, too.
    """
    names = every["en"].stubs
    if name in names:
        return True
    if len(source) > LONGEST or not any(one in source for one in names):
        return False
    if mended(source)[1]:  # prose
        return False
    return any(bindings(source).names.get(one) == SURE for one in names)


def _without_checks(whole: Piece, every: dict[str, Given]) -> list[Piece]:
    """A cell parted at each check of the lesson that stands in it."""
    texts = {text: name for one in every.values() for name, text in one.checks.items()}
    starts = {text.partition("\n")[0]: text for text in texts}
    lines, first = [line.rstrip() for line in whole.source.splitlines()], 0
    parts: list[Piece] = []
    for number, line in enumerate(lines):
        text = starts.get(line)
        after = number + text.count("\n") + 1 if text else 0
        if text and number >= first and "\n".join(lines[number:after]) == text:
            parts.append(replace(whole, source="\n".join(lines[first:number])))
            parts.append(Piece(text, check=texts[text]))
            first = after
    if not parts:
        return [whole]
    parts.append(replace(whole, source="\n".join(lines[first:])))
    parts = [part for part in parts if part.source.strip()]
    return [whole] if _torn(whole, parts) else parts


def _torn(whole: Piece, parts: list[Piece]) -> bool:
    """Whether code that parses would no more: the check stood within a string."""
    learners = [part.source for part in parts if not part.check]
    broken = any(mended(source)[1] for source in learners)
    return broken and not mended(whole.source)[1]


def _known(piece: Piece, every: dict[str, Given]) -> Piece:
    """The piece, known by its text."""
    text = squeezed(piece.source)
    tight = _tight(text)
    for one in every.values():
        if text in one.own:
            return replace(piece, own=True)
        for name, check in one.checks.items():
            if tight == _tight(check):
                return replace(piece, check=name)
        for name, stub in one.stubs.items():
            if text == stub:
                return replace(piece, stub=name)
    called = re.findall(r"at_once\(\s*[\"'](\w+)[\"']", text)
    near = next((name for name in called if name in every["en"].checks), "")
    return replace(piece, near=near)


def _tight(check: str) -> str:
    """A check without blanks and its last line, which exports may part from it."""
    return "".join(check.removesuffix("del _check").split())


def _settings(piece: Piece, tagged: bool) -> Iterator[Piece]:
    """A piece that gives the lesson's settings, parted after them."""
    if len(piece.source) > LONGEST:
        yield replace(piece, sets=tagged)
        return
    named = [name for name in SETTINGS if name in bindings(piece.source).names]
    if not (tagged or len(named) > 1 or {"profile", "device"} & {*named}):
        yield piece
        return
    tree, _ = mended(piece.source)
    lines, last = piece.source.split("\n"), 0
    for first, end in _rows(tree):
        text = "\n".join(lines[first - 1 : end])
        if "bm.start(" in text:
            break
        if {*SETTINGS} & {*bindings(text).names}:
            last = end
    head, rest = "\n".join(lines[:last]), "\n".join(lines[last:])
    if not head.strip() or not rest.strip():
        yield replace(piece, sets=True)
        return
    yield replace(piece, source=head, sets=True)
    yield replace(piece, source=rest)


def _rows(tree: ast.Module | None) -> dict[tuple[int, int], None]:
    """The lines of each statement, first and last; those that share them once."""
    statements = tree.body if tree else ()
    return {(one.lineno, one.end_lineno or one.lineno): None for one in statements}
