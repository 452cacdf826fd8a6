"""A graded notebook that a teacher may open in Jupyter, nbconvert or Formgrader.

These show HTML, SVG, LaTeX and scripts of a notebook as they find them, in a page from
which the teacher's files can be reached. So of a stranger's outputs text, pictures and
tables' words are kept, and a Markdown cell that holds markup becomes its own text.
"""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
import urllib.parse

from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text
from bmkit.course.report.html_table import tables
from bmkit.course.report.images import image
from bmkit.course.report.sanitize import BARE, seen

WIDGET = "application/vnd.jupyter.widget-view+json"
# What Markdown takes for a tag; those that are safe without attributes are let through.
TAG = re.compile(r"<(?:[!?]|/?[a-z][a-z0-9-]*(?=[\s/>]|$))", re.I)
SAFE = re.compile(rf"</?(?:{BARE})\s*/?>", re.I)
# A link, however it is written, that does something instead of leading somewhere.
ACTS = re.compile(
    r"(?:\]\(|\]:|<|=[\"']?)[<\"']?(?:javascript|vbscript|data|file|blob):", re.I
)
SPOKEN = re.compile(r"[\"'<>&`]")  # what could end an attribute
WIDEST = 10_000  # pixels


def notebook(text: str) -> str:
    """A notebook's JSON without anything that acts where it is shown.

    Args:
        text: nbformat 4; what is no notebook is given back as it is.
    """
    try:
        book = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return text
    if not isinstance(book, dict):
        return text
    as_dict(book.get("metadata")).pop("widgets", None)
    for cell in as_list(book.get("cells")):
        if not isinstance(cell, dict):
            continue
        if cell.get("cell_type") == "code":
            outputs = as_list(cell.get("outputs"))
            cell["outputs"] = [_output(as_dict(output)) for output in outputs]
        else:
            cell["cell_type"] = "markdown"  # raw cells go into a page as they are
            cell.pop("attachments", None)
            cell["source"] = markdown(as_text(cell.get("source")))
    return json.dumps(book, ensure_ascii=False, allow_nan=False)


def markdown(source: str) -> str:
    """Markdown as it was where it holds no markup that acts; else its own text."""
    tags = [one for one in TAG.finditer(source) if not SAFE.match(source, one.start())]
    if not tags and not ACTS.search(_bare(source)):
        return source
    longest = max((len(run) for run in re.findall(r"`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{source}\n{fence}"


def _bare(source: str) -> str:
    """What a browser reads of a link: no escapes, no blanks, nothing that is unseen."""
    text = urllib.parse.unquote(html.unescape(html.unescape(source)))
    return "".join(
        c for c in text if c != "\\" and unicodedata.category(c)[0] not in "CZ"
    )


def _output(output: JsonObject) -> JsonObject:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {
            "output_type": kind,
            "name": name,
            "text": seen(as_text(output.get("text"))),
        }
    if kind == "error":
        rows = [seen(as_text(row)) for row in as_list(output.get("traceback"))]
        name, value = as_text(output.get("ename")), as_text(output.get("evalue"))
        return {
            "output_type": kind,
            "ename": seen(name),
            "evalue": seen(value),
            "traceback": rows,
        }
    made: JsonObject = {"output_type": "display_data"}
    if kind == "execute_result":
        made = {"output_type": kind, "execution_count": None}
    about = as_dict(output.get("metadata"))
    data = _data(as_dict(output.get("data")))
    return {**made, "data": data, "metadata": _about(about, data)}


def _data(data: JsonObject) -> JsonObject:
    """Of what an output shows: text, pictures whose bytes say so, tables' words."""
    kept: JsonObject = {}
    for kind, body in data.items():
        if kind == "text/plain":
            kept[kind] = seen(as_text(body))
        elif kind in ("image/png", "image/jpeg") and (raw := image(as_text(body))):
            kept[kind] = base64.b64encode(raw).decode()
        elif kind == "text/html" and (table := tables(as_text(body))):
            kept[kind] = table
        elif kind == WIDGET:
            kept[kind] = {"version_major": 2, "version_minor": 0, "model_id": ""}
    return kept


def _about(about: JsonObject, data: JsonObject) -> JsonObject:
    """A picture's size and what it says to those who do not see it."""
    found: JsonObject = {}
    for kind in data.keys() & {"image/png", "image/jpeg"}:
        told = as_dict(about.get(kind))
        kept: JsonObject = {
            name: told[name]
            for name in ("width", "height")
            if type(told.get(name)) is int and 0 < told[name] <= WIDEST
        }
        if alt := as_text(told.get("alt")):
            kept["alt"] = SPOKEN.sub(" ", alt)[:1000]
        if kept:
            found[kind] = kept
    return found
