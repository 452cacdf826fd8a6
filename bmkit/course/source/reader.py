"""Percent text to cells: reading a source, and what is wrong with its form.

A source is read by jupytext. Right after English prose stands its translation, a cell
with ``lang="zh"`` and ``of=`` the hash of the English text. Right after a program stand
its words in Chinese, a raw cell that `phrase_list` reads. The kinds of cell are in
CONTRIBUTING.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from bmkit.course.source.cells import (
    KEYS,
    KINDS,
    OPTIONS,
    PROSE,
    Cell,
    Excuse,
    Problem,
    Source,
    SourceError,
    Twin,
    nearest,
)
from bmkit.course.source.phrase_list import Entry, PhraseError, compose, parse, unsaid

MARKER = re.compile(r"^# %%(\s|$)")
_INVISIBLE = {"lines_to_next_cell", "lines_to_end_of_cell_marker"}  # jupytext's own


def read_header(path: Path) -> dict[str, Any]:
    """A source's header, without reading its cells.

    Raises:
        SourceError: there is none, or it is not YAML.
    """
    import yaml

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise SourceError([Problem(path, 1, "it is not UTF-8 text")]) from None
    if lines and lines[0].startswith("\ufeff"):
        message = "begins with a byte-order mark: save it as UTF-8 without one"
        raise SourceError([Problem(path, 1, message)])
    try:
        if lines[0] != "# ---":
            raise ValueError
        rows = lines[1 : lines.index("# ---", 1)]
        problems = list(_odd_rows(path, rows))
        if problems:
            raise SourceError(problems)
        block = "\n".join(line[2:] for line in rows)
        header = yaml.load(block, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not isinstance(header, dict):
            raise TypeError
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = mark.line + 2 if mark else 1
        raise SourceError([Problem(path, at, "the header is not valid YAML")]) from None
    except (IndexError, ValueError, TypeError):
        message = "no header: the file must begin with `# ---`, `# slug: …`, …, `# ---`"
        raise SourceError([Problem(path, 1, message)]) from None
    return header


def _odd_rows(path: Path, rows: list[str]) -> Iterator[Problem]:
    """What YAML would pass over: a row that is no comment, a key that stands twice."""
    seen: set[str] = set()
    for line, row in enumerate(rows, 2):
        if not row.startswith("# ") and row != "#":
            yield Problem(path, line, "a row of the header begins with `# `")
        key = re.match(r"# (\w+):", row)
        if key and key[1] in seen:
            yield Problem(path, line, f"{key[1]!r} stands twice in the header")
        seen |= {key[1]} if key else set()


def read(path: Path) -> Source:
    """Read a source; what is wrong with its form is in ``problems``.

    Raises:
        SourceError: the file has no header to go by.
    """
    import jupytext

    source = Source(path, read_header(path))
    text = path.read_text(encoding="utf-8")
    lines = [n for n, row in enumerate(text.split("\n"), 1) if MARKER.match(row)]
    # The header has no `jupyter:`, so jupytext keeps it word for word, as a first cell.
    cells = jupytext.reads(text, fmt="py:percent").cells[1:]
    if len(cells) != len(lines):
        message = "text between the header and the first cell: begin it with `# %%`"
        source.problems.append(Problem(path, 1, message))
        lines = [1] * len(cells)
    for raw, line in zip(cells, lines, strict=True):
        options = {k: v for k, v in raw.metadata.items() if k not in _INVISIBLE}
        if raw.cell_type == "raw" and "excuse" in options:
            _excuses(source, raw.source, options, line)
        elif raw.cell_type == "raw":
            _list(source, raw.source, options, line)
        elif "lang" in options:
            _translation(source, raw, options, line)
        else:
            _place(source, raw, options, line)
    for cell in source.cells:
        if cell.twin is None and not cell.markdown and cell.must_speak:
            _unsaid(source, cell, [])
    return source


def _place(source: Source, raw: Any, options: dict[str, Any], line: int) -> None:
    """Append a cell."""
    markdown = raw.cell_type == "markdown"
    kinds = [kind for kind in KINDS if kind in options]

    def wrong(message: str) -> None:
        source.problems.append(Problem(source.path, line, message))

    if len(kinds) > 1:
        wrong(f"a cell is one thing, not {' and '.join(kinds)}")
    if kinds:
        kind, name = kinds[0], str(options[kinds[0]])
    elif options.get("tags") == ["parameters"]:
        kind, name = "parameters", ""
    else:
        kind, name = ("prose" if markdown else "code"), ""
    # A word without a value is a title to jupytext.
    title, fold = options.pop("title", None), False
    if title == "fold" and kind in ("code", "equation"):
        fold = True
    elif title is not None:
        wrong(
            f"`# %% {title}`: the one word that may stand there is `fold`, before code"
        )
    for key in sorted(set(options) - OPTIONS[kind]):
        wrong(f"unknown key {key!r} in a cell of kind {kind}{nearest(key, KEYS)}")
    if markdown != (kind in PROSE):
        wrong(f"{kind} must be {'a code cell' if markdown else 'a markdown cell'}")
    outputs = bool(raw.get("outputs"))
    source.cells.append(
        Cell(kind, name, raw.source, line, options, markdown, outputs, fold)
    )


def _translation(source: Source, raw: Any, options: dict[str, Any], line: int) -> None:
    """Give the prose before it its Chinese."""

    def wrong(message: str) -> None:
        source.problems.append(Problem(source.path, line, message))

    for key in sorted(set(options) - {"lang", "of"}):
        wrong(f"unknown key {key!r} in a translation: it takes lang and of alone")
    if options["lang"] != "zh":
        wrong(f'lang is {options["lang"]!r}: translations are lang="zh"')
    if raw.cell_type != "markdown":
        wrong(
            "a program stands once: its Chinese is the list of its words, "
            '`# %% [raw] lang="zh"` (`bmkit stamp` begins it)'
        )
        return
    before = source.cells[-1] if source.cells else None
    if before is None or before.twin or not before.markdown:
        wrong("a translation must stand right after the prose that it translates")
        return
    before.twin = Twin(raw.source, str(options.get("of", "")), line)


def _excuses(source: Source, text: str, options: dict[str, Any], line: int) -> None:
    """Note which mutants are right, and why: `title: why`, a line each.

    Right after an equation's cell they are changes of it: an exercise may have the same
    name.
    """

    def wrong(at: int, message: str) -> None:
        source.problems.append(Problem(source.path, at, message))

    for key in sorted(set(options) - {"excuse"}):
        wrong(line, f"unknown key {key!r} in a cell of excuses: it takes excuse alone")
    name, before = str(options["excuse"]), source.cells[-1] if source.cells else None
    equation = before is not None and (before.kind, before.name) == ("equation", name)
    seen = set(source.excused(name, equation=equation))
    for number, row in enumerate(text.split("\n"), line + 1):
        title, _, why = (part.strip() for part in row.rpartition(": "))
        if not row.strip():
            continue
        if not title or not why:
            wrong(number, "an excuse is `title: why`, as in `x → y: both are right`")
        elif title in seen:
            wrong(number, f"{title!r} is excused twice")
        else:
            seen.add(title)
            source.excuses.append(Excuse(name, title, why, number, equation))


def _list(source: Source, text: str, options: dict[str, Any], line: int) -> None:
    """Give the program before it its Chinese, from a list of phrases."""
    cell = source.cells[-1] if source.cells else None
    if cell is None or cell.twin or cell.markdown or options != {"lang": "zh"}:
        message = 'a list of phrases is `# %% [raw] lang="zh"`, right after a program'
        source.problems.append(Problem(source.path, line, message))
        return
    entries = parse(text)
    cell.twin = Twin(cell.source, "", line, entries)
    stale: set[str] = set()
    try:
        cell.twin.source = compose(cell.source, entries)
    except PhraseError as error:
        stale = error.now
        source.problems += [
            Problem(source.path, line + n, message) for n, message in error.problems
        ]
    except SyntaxError:
        return  # told as the cell's own
    if cell.must_speak:
        _unsaid(source, cell, entries, told=stale)


def _unsaid(
    source: Source, cell: Cell, entries: list[Entry], told: Collection[str] = ()
) -> None:
    """Tell each phrase for a learner that has no translation, and where it stands."""
    try:
        missing = unsaid(cell.source, entries)
    except SyntaxError:
        return
    for phrase in missing:
        if phrase.key not in told:
            line = cell.line + 1 + cell.source.count("\n", 0, phrase.begin)
            message = f"no Chinese for {phrase.key!r}: `bmkit stamp` lists it"
            if phrase.kind == "nested":
                message = (
                    f"{phrase.key!r} within an f-string's braces cannot be translated: "
                    "give it a name before"
                )
            source.problems.append(Problem(source.path, line, message))
