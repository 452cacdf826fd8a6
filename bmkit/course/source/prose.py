"""The Markdown of a page: what a cell of prose becomes in a notebook."""

from __future__ import annotations

import re

from bmkit.course.source.cells import Cell, Source
from bmkit.course.source.equations import DISPLAY, numbered
from bmkit.course.source.links import linked, unlinked
from bmkit.course.source.phrase_list import CHINESE

FULL_WIDTH = "，。；：、？！）》」"
# What begins a block of its own.
BLOCK = re.compile(r"(?:[-*+>]|\d+\.)\s|[#|<]|```|\$\$")


def shown(cell: Cell, source: Source, lang: str) -> str:
    """A cell of prose as the page in ``lang`` has it.

    Equations are numbered, and links to lessons lead to their notebooks.
    """
    if cell.kind == "quote":
        return _quote(cell, source, lang)
    return flowing(linked(numbered(cell.text(lang), source), source, lang))


def alone(cell: Cell, source: Source, lang: str) -> str:
    """A cell of prose as it is shown away from its notebook, in feedback say."""
    return flowing(unlinked(numbered(cell.text(lang), source)))


def section(cell: Cell) -> str:
    """Which section of the document a quotation is from, as ``§1.2``."""
    return f"§{cell.name.removeprefix('§').strip()}"


def _quote(cell: Cell, source: Source, lang: str) -> str:
    """The document's own words; in another language their translation before them."""
    texts = [cell.text("zh")] if lang == "zh" else [cell.source, cell.text("zh")]
    words = "\n\n".join(flowing(numbered(text, source)) for text in texts)
    # JupyterLab takes formulas out before it reads the `>` of a quotation's lines.
    words = DISPLAY.sub(lambda m: " ".join(m[0].split()), words)
    rows = [f"> {row}".rstrip() for row in words.split("\n")]
    return "\n".join([*rows, ">", f"> — {section(cell)}"])


def flowing(text: str) -> str:
    """Chinese lines joined where the source breaks them: a break shows as a gap.

    Between two Chinese characters, and after a full-width mark whatever follows.
    """
    rows: list[str] = []
    fenced = False
    for row in text.split("\n"):
        fenced ^= row.startswith("```")
        before = rows[-1] if rows and not fenced else ""
        plain = before and not before.startswith(("#", "|", "$$"))
        words = row.strip()
        if plain and words and not BLOCK.match(words) and _close(before[-1], words):
            rows[-1] += words
        else:
            rows.append(row)
    return "\n".join(rows)


def _close(last: str, words: str) -> bool:
    """Whether no gap stands between a line's last character and the next line."""
    if not CHINESE.match(last):
        return False
    return bool(CHINESE.match(words)) or last in FULL_WIDTH
