"""The outputs that a notebook was handed in with, as far as they may be shown.

Grading runs only the cells on which an answer depends. Below the others stands what the
learner saw: figures, tables and text. Nothing of it counts for a point.
"""

from __future__ import annotations

import json

from bmkit.course.grade.judge.outputs import kept_outputs
from bmkit.course.json_values import JsonObject, as_dict, as_text
from bmkit.course.report.html_table import tables

ROOM = 4_000_000  # characters of one notebook's outputs; what is too much is left out
HTML = 1_000_000  # of their HTML, in which tables are looked for
SHOWN = ("image/png", "image/jpeg", "text/plain")


def keep(cells: list[JsonObject]) -> None:
    """Reduce each cell's ``outputs`` to what may be kept, as long as there is room."""
    left, html = ROOM, HTML
    for cell in cells:
        found = kept_outputs(cell)
        html -= sum(len(_html(one)) for one in found)
        outputs = [_reduced(one, read=html >= 0) for one in found]
        outputs = [one for one in outputs if one.get("data") != {}]
        size = len(json.dumps(outputs)) if outputs else 0
        cell["outputs"] = outputs if size <= left else []
        left -= size if size <= left else 0


def _html(output: JsonObject) -> str:
    return as_text(as_dict(output.get("data")).get("text/html"))


def _reduced(output: JsonObject, *, read: bool) -> JsonObject:
    """Without what is neither picture, nor text, nor a table's words.

    Args:
        output: one of `kept_outputs`.
        read: whether tables are looked for.
    """
    if "data" not in output:
        return output
    data = as_dict(output["data"])
    kept = {kind: as_text(data[kind]) for kind in SHOWN if kind in data}
    table = tables(_html(output)) if read else ""
    if table:
        kept["text/html"] = table
    alt = as_text(as_dict(as_dict(output["metadata"]).get("image/png")).get("alt"))
    return {
        **output,
        "data": kept,
        "metadata": {"image/png": {"alt": alt}} if alt else {},
    }
