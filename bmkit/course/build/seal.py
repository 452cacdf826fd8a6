"""A mark in each learner's notebook, by which anyone can tell whether it was changed.

The build writes two hashes into a notebook's metadata: of the whole, and of what stands
in its cells. So a copy, wherever it lies, says by itself what it was built as, and
whether there is work in it. In doubt there is.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

KEY = "built"


def seal(book: NotebookNode) -> NotebookNode:
    """Write the mark into a notebook that the build has made; return it."""
    book.metadata.bmkit[KEY] = {"whole": _whole(book), "cells": _cells(book)}
    return book


def read(text: str) -> JsonObject:
    """A notebook's JSON, whoever wrote it; empty where it is none."""
    try:
        return as_dict(json.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return {}


def version(book: JsonObject) -> str:
    """What the notebook was built as; empty where it does not say."""
    return as_text(_mark(book).get("whole"))


def as_built(book: JsonObject) -> bool:
    """Whether it is to the letter as the build wrote it."""
    return bool(version(book)) and version(book) == _whole(book)


def has_work(book: JsonObject) -> bool:
    """Whether there is more in it than the build wrote: text, outputs, or in doubt."""
    same = as_text(_mark(book).get("cells")) == _cells(book)
    return not same or any(
        cell.get("outputs") or cell.get("execution_count") is not None
        for cell in map(as_dict, as_list(book.get("cells")))
    )


def _ours(book: JsonObject) -> JsonObject:
    return as_dict(as_dict(book.get("metadata")).get("bmkit"))


def _mark(book: JsonObject) -> JsonObject:
    return as_dict(_ours(book).get(KEY))


def _whole(book: JsonObject) -> str:
    """The hash of all but the mark, however its text is cut into lines."""
    ours = {k: v for k, v in _ours(book).items() if k != KEY}
    cells = [as_dict(cell) for cell in as_list(book.get("cells"))]
    return _hash(
        {
            **book,
            "metadata": {**as_dict(book.get("metadata")), "bmkit": ours},
            "cells": [{**c, "source": as_text(c.get("source"))} for c in cells],
        }
    )


def _cells(book: JsonObject) -> str:
    """The hash of what a reader can write. Jupyter changes other fields by itself."""
    cells = [as_dict(cell) for cell in as_list(book.get("cells"))]
    rows = [
        [c.get("cell_type"), as_text(c.get("source")), c.get("attachments") or {}]
        for c in cells
    ]
    return _hash(rows)


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
