"""What of a notebook that ran a page may show, and how much of it.

A stranger wrote it: code and outputs become escaped text; prose is rendered from
Markdown by an allow-list, then cleaned; a picture is one only if its bytes say so.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bmkit.course.build import nbgrader_cells
from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text
from bmkit.course.report.html_table import tables
from bmkit.course.report.images import image
from bmkit.course.report.sanitize import cleaned, coloured, prose, seen
from bmkit.course.source.regions import HIDDEN, cut
from bmkit.course.words import say

log = logging.getLogger(__name__)
# What a page shows at most; lengths in characters. A lesson stays far below.
NOTEBOOK = 100_000_000  # of JSON
CELLS = 1_000
SOURCE = 20_000  # a cell's
OUTPUT = 20_000  # a cell's
OUTPUTS = 100  # a cell's
TEXT = 1_000_000  # sources and outputs of the whole page
PRETTY = 200_000  # of them rendered or coloured; the rest is plain
LONG = 10_000  # a cell that is plain in any case: parsers can be slow on strange text
PICTURE = 3_000_000  # bytes; those of a page together four times as much
SECONDS = 2.0  # of work on rendering and colours; what comes later is plain
KEPT = 4_000  # a longer cell is not remembered for the next page
HANDED_IN = "as handed in"  # mark of a cell whose outputs grading did not make


class Mark(Protocol):
    """What a check came to, as far as a page shows it beside its cell."""

    exercise: str
    points: float
    of: float
    message: str


@dataclass
class NotebookView:
    """A notebook on its way to the page, and how much of it may still be shown.

    With ``whole`` nothing is kept back: neither hidden tests nor what a check printed.
    """

    lang: str
    marks: Mapping[str, Mark] = field(default_factory=dict)
    whole: bool = False
    title: str = ""
    cells: list[JsonObject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)  # exercise -> anchor
    failed: str = ""  # the anchor of the cell in which the run stopped
    text: int = TEXT
    pretty: int = PRETTY
    seconds: float = SECONDS
    pictures: int = 4 * PICTURE

    def say(self, key: str, **values: Any) -> str:
        """A sentence in the page's language."""
        return say(key, lang=self.lang, **values)

    @property
    def not_loaded(self) -> str:
        """What stands for a picture that is not let in; it has a place for its name."""
        return say.sentences["feedback.not_loaded"][self.lang]

    def read(self, text: str) -> None:
        """Take what can be shown from the JSON; say what cannot."""
        if not text or len(text) > NOTEBOOK:
            self.notes.append(self.say("feedback.huge" if text else "feedback.none"))
            return
        try:
            book = as_dict(json.loads(text))
        except (ValueError, RecursionError, TypeError):
            book = {}
        cells = book.get("cells")
        if not isinstance(cells, list):
            self.notes.append(self.say("feedback.broken"))
            return
        about = as_dict(as_dict(book.get("metadata")).get("bmkit"))
        self.title = seen(as_text(about.get("title"))[:200])
        for cell in cells[:CELLS]:
            if isinstance(cell, dict) and (self.whole or not _injected(cell)):
                self.cells.append(self._cell(cell))
        if len(cells) > CELLS:
            self.notes.append(self.say("feedback.cells", count=len(cells) - CELLS))
        if self.text <= 0:
            self.notes.append(self.say("feedback.full"))

    def _cell(self, cell: JsonObject) -> JsonObject:
        name = nbgrader_cells.grade_id(cell)
        check = bool(nbgrader_cells.exercise_of_check(cell))
        check |= nbgrader_cells.is_graded(cell)
        check &= not self.whole
        source = as_text(cell.get("source", cell.get("input")))
        if check:  # what was printed, or raised, while hidden tests ran tells of them
            source = cut(source, HIDDEN).rstrip("\n")
        code = cell.get("cell_type") == "code"
        made: JsonObject = {"kind": "code" if code else "prose", "outputs": []}
        made["mark"] = self.marks.get(name) if check else None
        made["answer"] = nbgrader_cells.check_id(name) in self.marks
        if made["mark"]:
            made["anchor"] = f"cell-{len(self.cells) + 1}"
            self.places.setdefault(made["mark"].exercise, made["anchor"])
        made["text"], made["more"] = self._some(source, SOURCE)
        made["html"] = self._pretty(made["text"], code)
        meta = as_dict(cell.get("metadata"))
        made["handed_in"] = as_dict(meta.get("bmkit")).get("outputs") == HANDED_IN
        outputs = cell.get("outputs")
        if code and not check and isinstance(outputs, list):
            made["outputs"] = self._outputs(outputs)
        failed = any(one["kind"] == "error" for one in made["outputs"])
        if self.whole and failed and not self.failed:
            self.failed = made["anchor"] = "failed"
        return made

    def _pretty(self, source: str, code: bool) -> str:
        """The source with colours or as prose; empty where plain text must do."""
        if len(source) > min(LONG, self.pretty) or self.seconds < 0:
            return ""
        self.pretty -= len(source)
        before = time.thread_time()
        make = coloured if code else prose
        kept = make if len(source) <= KEPT else make.__wrapped__
        try:
            return kept(source, self.not_loaded)
        except Exception:  # strange text can break a parser: show it as it is
            log.info("a cell is shown as plain text", exc_info=True)
            return ""
        finally:
            self.seconds -= time.thread_time() - before

    def _outputs(self, outputs: list[Any]) -> list[JsonObject]:
        """The outputs of a cell, texts that follow one another as one."""
        found: list[JsonObject] = []
        for output in outputs:
            made = self._output(as_dict(output))
            last = found[-1] if found else {}
            if made["kind"] == last.get("kind") in ("out", "err"):
                last["text"].append(made["text"][0])
            elif made["kind"] != "note" or made != last:  # a sentence is said once
                found.append(made)
            if len(found) > OUTPUTS:
                found[-1] = {"kind": "note", "text": [self.say("feedback.outputs")]}
                break
        left = OUTPUT
        for made in found:
            ours = made["kind"] in ("note", "picture", "table")  # short as they are
            text = "".join(made["text"])
            made["text"], made["more"] = self._some(text, OUTPUT if ours else left)
            left -= 0 if ours else len(made["text"])
        return [
            made
            for made in found
            if "src" in made or "html" in made or made["text"] or made["more"]
        ]

    def _output(self, output: JsonObject) -> JsonObject:
        """What there is to show of one output; its texts, still to be joined."""
        kind = output.get("output_type")
        if kind == "stream":
            name = "err" if output.get("name") == "stderr" else "out"
            return {"kind": name, "text": [as_text(output.get("text"))]}
        if kind == "error":
            rows = output.get("traceback")
            rows = [as_text(row) for row in rows] if isinstance(rows, list) else []
            name, value = as_text(output.get("ename")), as_text(output.get("evalue"))
            return {"kind": "error", "text": ["\n".join(rows) or f"{name}: {value}"]}
        data, about = as_dict(output.get("data")), as_dict(output.get("metadata"))
        for mime in ("image/png", "image/jpeg"):
            if mime in data:
                alt = as_text(as_dict(about.get(mime)).get("alt"))
                return self._picture(data, mime, alt)
        if "application/vnd.jupyter.widget-view+json" in data:
            return {"kind": "note", "text": [self.say("feedback.widget")]}
        table = self._table(as_text(data.get("text/html")))
        if table:
            return {"kind": "table", "text": [], "html": table}
        if as_text(data.get("text/plain")):
            return {"kind": "out", "text": [as_text(data["text/plain"]) + "\n"]}
        kinds = ", ".join(sorted(data))[:80] or self.say("feedback.nothing")
        return {"kind": "note", "text": [self.say("feedback.other", kinds=kinds)]}

    def _table(self, source: str) -> str:
        """The tables of an output's HTML, with nothing in them but words."""
        if "<table" not in source or len(source) > 10 * OUTPUT:
            return ""
        made = cleaned(tables(seen(source)))
        if len(made) > min(5 * OUTPUT, self.text):
            return ""
        self.text -= len(made)
        return made

    def _picture(self, data: JsonObject, mime: str, alt: str) -> JsonObject:
        """A picture as its own bytes, encoded afresh."""
        encoded = as_text(data[mime])
        raw = image(encoded) if len(encoded) <= 1.4 * PICTURE else b""
        if not raw or len(raw) > min(PICTURE, self.pictures):
            return {"kind": "note", "text": [self.say("feedback.bad_picture")]}
        self.pictures -= max(len(raw), 10_000)  # a page of tiny ones is heavy too
        real = "png" if raw.startswith(b"\x89PNG") else "jpeg"
        return {
            "kind": "picture",
            "text": [(alt or as_text(data.get("text/plain")))[:2_000].strip()],
            "src": f"data:image/{real};base64,{base64.b64encode(raw).decode()}",
        }

    def _some(self, text: str, most: int) -> tuple[str, str]:
        """As much of ``text`` as there is room for, and a sentence on the rest."""
        room = max(0, min(most, self.text))
        most = 10 * SOURCE if room else 0  # a progress bar is much text, little seen
        shown = seen(text[:most])
        more = len(text) > most or len(shown) > room
        shown = shown[:room]
        self.text -= len(shown)
        return shown, self.say("feedback.more", count=len(text)) if more else ""


def _injected(cell: JsonObject) -> bool:
    """Whether it is the grader's, which chose the smallest settings."""
    return "injected-parameters" in as_list(as_dict(cell.get("metadata")).get("tags"))
