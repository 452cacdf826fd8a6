"""Displayed equations: their labels, and the cells that execute them.

A label belongs to one formula and to one equation cell, which carries the formula's
hash: change the formula, and someone must look at what the cell computes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bmkit.course.source.cells import PROSE, Cell, Problem, Source, both, digest

DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
LABEL = re.compile(r"\\label\{([^}]*)\}")
# What makes a formula an inequality, unless it is a condition: below, or in brackets.
INEQUALITY = re.compile(r"\\(?:le|leq|ge|geq|leqslant|geqslant|lesssim)(?![A-Za-z])")
STRICT = re.compile(r"[<>]|\\[lg]t(?![A-Za-z])")
BELOW = re.compile(r"[_^]\{(?:[^{}]|\{[^{}]*\})*\}|\([^()]*\)$|\\quad.*$")
REFERENCE = re.compile(r"\\ref\{([^}]*)\}")


def displayed(source: Source, label: str) -> str:
    """The displayed formula with this label, as written; empty if there is none."""
    for cell in source.cells:
        for formula in DISPLAY.findall(cell.source) if cell.kind == "prose" else ():
            if f"\\label{{{label}}}" in formula:
                return " ".join(formula.split())
    return ""


def numbered(text: str, source: Source) -> str:
    """Labels as numbers, so that ``(\\ref{…})`` reads the same in every front end."""
    labels = [
        label
        for cell in source.cells
        if cell.kind == "prose"
        for label in LABEL.findall(cell.source)
    ]
    number = {label: str(n) for n, label in enumerate(labels, 1)}
    text = LABEL.sub(lambda m: f"\\tag{{{number.get(m[1], '?')}}}", text)
    return REFERENCE.sub(lambda m: number.get(m[1], "?"), text)


def problems(source: Source) -> Iterator[Problem]:
    """What is wrong with labels, the cells that execute them, and their bond."""
    labels: Counter[str] = Counter()
    for cell in source.cells:
        if cell.kind != "prose":
            continue
        for label in LABEL.findall(cell.source):
            labels[label] += 1
            if labels[label] > 1:
                message = f"equation label {label!r} is used twice"
                yield Problem(source.path, cell.line, message)
            if not source.of("equation", label):
                message = f"equation {label!r} is not executed: no equation cell"
                yield Problem(source.path, cell.line, message)
    for cell in source.cells:
        if cell.kind == "equation":
            if cell.name not in labels:
                message = f"equation cell {cell.name!r}: no \\label{{{cell.name}}}"
                yield Problem(source.path, cell.line, message)
            if f'"{cell.name}"' not in cell.source:
                message = f'equation cell must call bm.equation("{cell.name}", …)'
                yield Problem(source.path, cell.line, message)
            yield from _form(source, cell)
            yield from _bound(source, cell)
        if cell.kind in PROSE:
            for text, line in both(cell):
                for label in REFERENCE.findall(text):
                    if not any(label in LABEL.findall(c.source) for c in source.cells):
                        message = f"\\ref{{{label}}} refers to no labelled equation"
                        yield Problem(source.path, line, message)
                if text is not cell.source and sorted(LABEL.findall(text)) != sorted(
                    LABEL.findall(cell.source)
                ):
                    message = "the translation must label the same equations"
                    yield Problem(source.path, line, message)


def _form(source: Source, cell: Cell) -> Iterator[Problem]:
    """An inequality is executed as one, and nothing else is."""
    formula = BELOW.sub("", LABEL.sub("", displayed(source, cell.name)).rstrip())
    wanted = INEQUALITY.search(formula)
    if wanted and "bm.inequality(" not in cell.source:
        message = f"{cell.name!r} shows an inequality: bm.inequality"
        yield Problem(source.path, cell.line, message)
    elif not wanted and not STRICT.search(formula) and "bm.inequality(" in cell.source:
        message = f"{cell.name!r} shows no inequality: bm.equation"
        yield Problem(source.path, cell.line, message)


def _bound(source: Source, cell: Cell) -> Iterator[Problem]:
    """An equation cell executes the formula that is shown, not one of before."""
    right, of = digest(displayed(source, cell.name)), cell.options.get("of")
    if not of:
        message = "an equation cell without its hash: run `bmkit stamp` on this file"
        yield Problem(source.path, cell.line, message)
    elif of != right:
        message = (
            f"stale equation cell: the formula now hashes to {right}, this is of "
            f'"{of}". Look at what it computes, then set of="{right}"'
        )
        yield Problem(source.path, cell.line, message)
