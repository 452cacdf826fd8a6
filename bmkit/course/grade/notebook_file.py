"""A file that should be a notebook, read whatever state it is in.

What counts is what it holds, whatever it is called. A notebook as text, in one of
jupytext's formats, is one too; its labels and outputs are not in it.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bmkit.course.grade import handed_outputs, text_notebook
from bmkit.course.grade.file_names import text_of
from bmkit.course.grade.open_folder import Unfit, closing, digest_of
from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason

CELLS = 5_000  # a lesson has below 100
CODE = 500_000  # characters of code in all cells; a lesson has below 50,000
TEXT = 1_000_000  # bytes of a notebook as text
# What a file is by its first bytes: a sentence under [file].
KINDS = (
    (rb"PK\x03\x04", "archive"),
    (rb"%PDF-", "pdf"),
    (rb"version https://git-lfs", "lfs"),
    (rb"(?i:<!doctype html|<html|<\?xml|<head|<body)", "html"),
    (rb"<<<<<<< ", "conflict"),
)


class NotGradable(BmkitError):
    """Nothing in this file can be graded; the message says why."""


class NothingOfOurs(NotGradable):
    """It can be read, and holds nothing of this course."""


@dataclass
class NotebookFile:
    """What a file holds.

    Attributes:
        cells: each with its type, source, metadata and outputs, and its number in the
            file, from 1.
        meta: our metadata.
        form: the language of text that it was read from: a key of [file]; else empty.
    """

    cells: list[JsonObject]
    meta: JsonObject = field(default_factory=dict)
    form: str = ""


def load(path: Path, name: str = "") -> NotebookFile:
    """Read a file.

    Args:
        path: where it is.
        name: what it was called where it was handed in.

    Raises:
        NotGradable: there is no such file, or it is no notebook.
    """
    raw = _bytes(path)
    text = _decoded(raw)
    if not text.strip():
        raise NotGradable(say("file.empty"))
    if text.lstrip()[:1] in "{[":
        return _from_json(text)
    if form := _form(text, name or path.name):
        return _from_text(text, form)
    raise NotGradable(say("file.no_json"))


def _bytes(path: Path) -> bytes:
    """A regular file's bytes: pipes are not waited for, devices not read."""
    if path.is_dir():
        raise NotGradable(say("file.folder"))
    try:
        flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.open(path, os.O_RDONLY | flags)
        with closing(file):
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise NotGradable(say("intake.file"))
            parts: list[bytes] = []
            digest_of(file, parts.append)
    except FileNotFoundError:
        raise NotGradable(say("file.absent")) from None
    except Unfit as error:
        raise NotGradable(str(error)) from None
    except OSError as error:
        raise NotGradable(say("intake.unreadable", why=reason(error))) from None
    return b"".join(parts)


def _decoded(raw: bytes) -> str:
    """The text of a file, which may be UTF-16 as Windows writes it."""
    start = raw[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    for pattern, kind in KINDS:
        if re.match(pattern, start):
            raise NotGradable(say(f"file.{kind}"))
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotGradable(say("file.bytes")) from None


def _from_json(text: str) -> NotebookFile:
    try:
        book = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotGradable(_broken(text, error)) from None
    if isinstance(book, dict) and isinstance(book.get("worksheets"), list):
        # nbformat 3 kept its cells in worksheets, and code under "input".
        sheets = [sheet for sheet in book["worksheets"] if isinstance(sheet, dict)]
        book["cells"] = [
            cell for sheet in sheets for cell in as_list(sheet.get("cells"))
        ]
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise NotGradable(say("file.cells"))
    return NotebookFile(
        _cells(book["cells"]), as_dict(as_dict(book.get("metadata")).get("bmkit"))
    )


def _broken(text: str, error: Exception) -> str:
    """What is wrong with the JSON, and where."""
    if re.search(r"^<<<<<<< ", text, re.MULTILINE):
        return say("file.conflict")
    if not isinstance(error, json.JSONDecodeError):
        return say("file.broken")
    if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
        return say("file.cut_short", line=error.lineno)
    return say("file.broken_at", line=error.lineno)


def _form(text: str, name: str) -> str:
    """The language of a notebook as text; empty where it is none."""
    if name.rstrip().lower().endswith(".md"):
        return "markdown"
    code = r"^(def |class |import |from |# ?%%)"
    if text_of(name) or re.search(code, text, re.MULTILINE):
        return "python"
    return ""


def _from_text(text: str, form: str) -> NotebookFile:
    """The cells of a file in one of jupytext's formats."""
    if len(text) > TEXT:
        raise NotGradable(say("file.code", most=TEXT))
    try:
        cells = text_notebook.cells(text, form)
    except subprocess.CalledProcessError:
        raise NothingOfOurs(say(f"file.{form}")) from None
    except subprocess.TimeoutExpired:
        most = text_notebook.SECONDS
        raise NotGradable(say("file.slow", seconds=most)) from None
    return NotebookFile(_cells(cells), form=form)


def _cells(found: Sequence[object]) -> list[JsonObject]:
    """The cells, of one shape and bounded in number and size."""
    given = [(n, cell) for n, cell in enumerate(found, 1) if isinstance(cell, dict)]
    if len(given) > CELLS:  # those that hold nothing are no loss
        given = [one for one in given if one[1].get("source") or one[1].get("input")]
    if len(given) > CELLS:
        raise NotGradable(say("file.many", count=len(given), most=CELLS))
    cells = [{**_clean(cell), "number": n} for n, cell in given]
    if sum(len(c["source"]) for c in cells if c["cell_type"] == "code") > CODE:
        raise NotGradable(say("file.code", most=CODE))
    handed_outputs.keep(cells)
    return cells


def _clean(cell: JsonObject) -> JsonObject:
    source = as_text(cell.get("source", cell.get("input")))
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    kind = cell.get("cell_type")
    return {
        "cell_type": kind if kind in ("code", "markdown") else "raw",
        # Halves of characters are written by no file and no database.
        "source": source.encode("utf-8", "replace").decode(),
        "metadata": as_dict(cell.get("metadata")),
        "outputs": as_list(cell.get("outputs")),
    }
