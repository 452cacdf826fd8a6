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
SHOWN = ("image/png", "image/jpeg", "text/plain")


def keep(cells: list[JsonObject]) -> None:
    """Reduce each cell's ``outputs`` to what may be kept, as long as there is room."""
    left = ROOM
    for cell in cells:
        outputs = [_reduced(one) for one in kept_outputs(cell)]
        outputs = [one for one in outputs if one.get("data") != {}]
        size = len(json.dumps(outputs)) if outputs else 0
        cell["outputs"] = outputs if size <= left else []
        left -= size if size <= left else 0


def _reduced(output: JsonObject) -> JsonObject:
    """Without what is neither picture, nor text, nor a table's words."""
    if "data" not in output:
        return output
    data = as_dict(output["data"])
    kept = {kind: as_text(data[kind]) for kind in SHOWN if kind in data}
    table = tables(as_text(data.get("text/html")))
    if table:
        kept["text/html"] = table
    alt = as_text(as_dict(as_dict(output["metadata"]).get("image/png")).get("alt"))
    return {
        **output,
        "data": kept,
        "metadata": {"image/png": {"alt": alt}} if alt else {},
    }
