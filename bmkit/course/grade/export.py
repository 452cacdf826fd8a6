"""Grades for other programs: a table of ours, and what nbgrader's exporters write."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from bmkit import atomic
from bmkit.course.grade.database import BookError
from bmkit.course.grade.gradebook import COURSE
from bmkit.course.grade.result import Verdict
from bmkit.course.words import say

FORMULA = tuple("=+-@\N{MINUS SIGN}")  # by which spreadsheets know a formula
BLANKS = tuple("\t\r\n")
# Where a comma is the decimal point, a spreadsheet parts rows at these instead.
APART = re.compile("[;\t]")


def table_in(folder: Path) -> Path:
    """Where the table goes: ``grades.csv``, or beside nbgrader's file of that name.

    In a course folder ``nbgrader export`` writes ``grades.csv``; neither may overwrite
    the other.
    """
    course = (folder / "submitted").is_dir()
    return folder / ("bmkit-grades.csv" if course else "grades.csv")


def table(path: Path, verdicts: Iterable[Verdict]) -> int:
    """Write a CSV table: a row a submission, a column an exercise.

    Columns: student, lesson, every exercise's points, total, of, person (why someone
    must look); where something came late also late (hours), penalty and after (points).
    UTF-8 with the mark by which Excel knows it. The file is there whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        verdicts: what `Book.verdicts` gives.

    Returns:
        how many rows.
    """
    rows = [
        (
            *(v.student, v.slug, {m.exercise: m.points for m in v.marks}, v.of),
            *(v.person, (v.late / 3600, v.penalty, v.after)),
        )
        for v in verdicts
    ]
    late = any(row[5][0] for row in rows)
    # In the order of the lessons, not of the alphabet; a dict keeps it.
    names = list(dict.fromkeys(name for row in rows for name in row[2]))
    text = io.StringIO(newline="")
    sheet = csv.writer(text)
    quoted = csv.writer(text, quoting=csv.QUOTE_ALL)  # in quotes no row is parted
    head = ["student", "lesson", *names, "total", "of", "person"]
    head += ["late", "penalty", "after"] if late else []
    sheet.writerow([plain(name) for name in head])
    for student, slug, points, of, person, cost in rows:
        marks = [_number(points[n]) if n in points else "" for n in names]
        total = [_number(sum(points.values())), _number(of)]
        words = [plain("; ".join(person))]
        words += [_number(round(value, 4)) for value in cost] if late else []
        row = [plain(student), plain(slug), *marks, *total, *words]
        (quoted if APART.search(student + slug + words[0]) else sheet).writerow(row)
    with atomic.draft(path) as draft:
        draft.write_bytes(text.getvalue().encode("utf-8-sig", "replace"))
    return len(rows)


def plain(text: str) -> str:
    """Text that no spreadsheet runs: a quote before what would start a formula.

    Signs that are not seen count for nothing, nor does the form of those that are: some
    spreadsheets take them away, and read a full-width sign as a plain one.
    """
    shown = unicodedata.normalize("NFKC", text).lstrip()
    shown = "".join(c for c in shown if unicodedata.category(c) != "Cf").lstrip()
    return f"'{text}" if shown.startswith(FORMULA) or text[:1] in BLANKS else text


def nbgrader(url: str, path: Path, exporter: str = "") -> None:
    """Write what ``nbgrader export`` writes, from the same database.

    Args:
        url: `Book.url`.
        path: the file to write.
        exporter: the dotted name of one of your own, a class made from nbgrader's
            ``ExportPlugin``; nbgrader's CSV when none is given.

    Raises:
        BookError: there is no such exporter.
    """
    from nbgrader.api import Gradebook
    from nbgrader.plugins import CsvExportPlugin
    from traitlets.utils.importstring import import_item

    try:
        plugin = import_item(exporter) if exporter else CsvExportPlugin
    except (ImportError, ValueError) as error:
        raise BookError(say("book.exporter", name=exporter, why=error)) from None
    with atomic.draft(path) as draft, Gradebook(url, COURSE) as book:
        plugin(to=str(draft)).export(book)


def _number(value: float) -> str:
    return f"{value:g}"
