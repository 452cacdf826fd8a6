"""A file that should be a notebook, read whatever state it is in."""

from __future__ import annotations

import json
from pathlib import Path

from bmkit.course.grade import handed_outputs
from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason

BIGGEST = 50 * 2**20  # bytes; a lesson with every figure stays below 5 MiB


class NotGradable(BmkitError):
    """Nothing in this file can be graded; the message says why."""


def load(path: Path) -> tuple[list[JsonObject], JsonObject]:
    """The cells, each with its type, source, metadata and outputs; our metadata.

    Raises:
        NotGradable: there is no such file, or it is no notebook.
    """
    if path.is_dir():
        raise NotGradable(say("file.folder"))
    try:
        size = path.stat().st_size
        if size > BIGGEST:
            mebibytes, most = size / 2**20, BIGGEST / 2**20
            raise NotGradable(say("file.large", size=mebibytes, most=most))
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotGradable(say("file.absent")) from None
    except UnicodeDecodeError:
        raise NotGradable(say("file.bytes")) from None
    except OSError as error:
        raise NotGradable(say("intake.unreadable", why=reason(error))) from None
    if not text.strip():
        raise NotGradable(say("file.empty"))
    try:
        book = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise NotGradable(
            say("file.broken_at", line=line) if line else say("file.broken")
        ) from None
    if isinstance(book, dict) and isinstance(book.get("worksheets"), list):
        # nbformat 3 kept its cells in worksheets, and code under "input".
        sheets = [sheet for sheet in book["worksheets"] if isinstance(sheet, dict)]
        book["cells"] = [
            cell for sheet in sheets for cell in as_list(sheet.get("cells"))
        ]
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise NotGradable(say("file.cells"))
    cells = [_clean(cell) for cell in book["cells"] if isinstance(cell, dict)]
    handed_outputs.keep(cells)
    meta = as_dict(as_dict(book.get("metadata")).get("bmkit"))
    return cells, meta


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
