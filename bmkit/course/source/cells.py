"""Percent text to cells: what an author wrote, each cell with its Chinese twin.

A source is read by jupytext. Its cells come in pairs: an English cell and, right after
it, a cell with ``lang="zh"`` and ``of=`` the hash of the English text that it
translates. The kinds of cell are in CONTRIBUTING.md.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
MARKER = re.compile(r"^# %%(\s|$)")
KINDS = ("exercise", "check", "hint", "mistake", "variant", "equation")
OPTIONS: dict[str, set[str]] = {
    "prose": set(),
    "code": set(),
    "parameters": {"tags"},
    "exercise": {"exercise", "points", "minutes", "level"},
    "check": {"check", "inside"},
    "hint": {"hint"},
    "mistake": {"mistake", "says"},
    "variant": {"variant"},
    "equation": {"equation", "of"},
}
_INVISIBLE = {"lines_to_next_cell", "lines_to_end_of_cell_marker"}  # jupytext's own


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a source, where, and in one line."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class SourceError(Exception):
    """Sources cannot be built; ``problems`` has every reason, in every file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Twin:
    """The Chinese of a cell, and the hash of the English it was made from."""

    source: str
    of: str
    line: int


@dataclass
class Cell:
    """One cell of a source: its kind, the name it belongs to, both languages."""

    kind: str
    name: str
    source: str
    line: int
    options: dict[str, Any]
    markdown: bool
    outputs: bool = False
    twin: Twin | None = None

    def text(self, lang: str) -> str:
        """The cell in ``lang``; code without words is the same in both."""
        return self.twin.source if lang == "zh" and self.twin else self.source


@dataclass
class Source:
    """A whole source file."""

    path: Path
    header: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def exercises(self) -> list[Cell]:
        """The exercise cells, in order."""
        return [cell for cell in self.cells if cell.kind == "exercise"]

    def of(self, kind: str, name: str) -> list[Cell]:
        """The cells of one kind that belong to exercise (or equation) ``name``."""
        return [c for c in self.cells if c.kind == kind and c.name == name]


def digest(text: str) -> str:
    """The hash that binds a translation to the text it translates."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:8]


def read_header(path: Path) -> dict[str, Any]:
    """The ``bmkit`` part of a source's header, without reading its cells.

    Raises:
        SourceError: there is no such header, or it is not YAML.
    """
    import yaml

    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        end = lines.index("# ---", 1)
        block = "\n".join(line[2:] for line in lines[1:end])
        header = yaml.safe_load(block)["jupyter"]["bmkit"]
        if not isinstance(header, dict):
            raise TypeError
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        at = line.line + 2 if line else 1
        raise SourceError([Problem(path, at, "the header is not valid YAML")]) from None
    except (ValueError, KeyError, TypeError):
        message = "no header: the file must begin with `# ---`, `# jupyter:`, `bmkit:`"
        raise SourceError([Problem(path, 1, message)]) from None
    return header


def read(path: Path) -> Source:
    """Read a source; what is wrong with its form is in ``problems``.

    Raises:
        SourceError: the file has no header to go by.
    """
    import jupytext

    source = Source(path, read_header(path))
    text = path.read_text(encoding="utf-8")
    lines = [n for n, row in enumerate(text.split("\n"), 1) if MARKER.match(row)]
    book = jupytext.reads(text, fmt="py:percent")
    if len(book.cells) != len(lines):
        message = "text between the header and the first cell: begin it with `# %%`"
        source.problems.append(Problem(path, 1, message))
        lines = [1] * len(book.cells)
    for raw, line in zip(book.cells, lines, strict=True):
        _place(source, raw, line)
    return source


def _place(source: Source, raw: Any, line: int) -> None:
    """Append a cell, or give the cell before it its twin."""
    options = {k: v for k, v in raw.metadata.items() if k not in _INVISIBLE}
    markdown = raw.cell_type == "markdown"
    if "lang" in options:
        _pair(source, raw.source, markdown, options, line)
        return
    kinds = [kind for kind in KINDS if kind in options]
    if len(kinds) > 1:
        message = f"a cell is one thing, not {' and '.join(kinds)}"
        source.problems.append(Problem(source.path, line, message))
    if kinds:
        kind, name = kinds[0], str(options[kinds[0]])
    elif options.get("tags") == ["parameters"]:
        kind, name = "parameters", ""
    else:
        kind, name = ("prose" if markdown else "code"), ""
    for key in sorted(set(options) - OPTIONS[kind]):
        message = f"unknown key {key!r} in a cell of kind {kind}"
        source.problems.append(Problem(source.path, line, message))
    if markdown != (kind in ("prose", "hint")):
        wanted = "a code cell" if markdown else "a markdown cell"
        source.problems.append(Problem(source.path, line, f"{kind} must be {wanted}"))
    source.cells.append(
        Cell(kind, name, raw.source, line, options, markdown, bool(raw.get("outputs")))
    )


def _pair(
    source: Source, text: str, markdown: bool, options: dict[str, Any], line: int
) -> None:
    def wrong(message: str) -> None:
        source.problems.append(Problem(source.path, line, message))

    for key in sorted(set(options) - {"lang", "of"}):
        wrong(f"unknown key {key!r} in a translation: it takes lang and of alone")
    if options["lang"] != "zh":
        wrong(f'lang is {options["lang"]!r}: translations are lang="zh"')
    before = source.cells[-1] if source.cells else None
    if before is None or before.twin or before.markdown != markdown:
        wrong("a translation must stand right after the cell it translates")
        return
    before.twin = Twin(text, str(options.get("of", "")), line)


def displayed(source: Source, label: str) -> str:
    """The displayed formula with this label, as written; empty if there is none."""
    for cell in source.cells:
        for formula in DISPLAY.findall(cell.source) if cell.kind == "prose" else ():
            if f"\\label{{{label}}}" in formula:
                return " ".join(formula.split())
    return ""


def stamp(path: Path) -> int:
    """Fill in the missing hashes of a source; return how many were filled.

    A translation is bound to its English, an equation cell to the formula shown. A
    hash that is there and wrong is left alone: a person must look at what it binds.
    """
    source = read(path)
    rows = path.read_text(encoding="utf-8").split("\n")
    filled = 0
    for cell in source.cells:
        bound = []
        if cell.twin and not cell.twin.of:
            bound.append((cell.twin.line, cell.source))
        if cell.kind == "equation" and not cell.options.get("of"):
            bound.append((cell.line, displayed(source, cell.name)))
        for line, text in bound:
            row = rows[line - 1].replace(' of=""', "").rstrip()
            rows[line - 1] = f'{row} of="{digest(text)}"'
            filled += 1
    if filled:
        path.write_text("\n".join(rows), encoding="utf-8")
    return filled
