"""Tables of a stranger's HTML, made anew from their words alone.

pandas shows a table as HTML. What may be in it nobody knows; so only which words stand
in which cell is read from it, and a table of ours is written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

MOST = 5_000  # cells of one output
LONGEST = 200_000  # characters of its HTML
PART = 10_000  # of them read before the cells are counted
SPAN = re.compile(r"[1-9][0-9]?")  # columns or rows of one cell
TABLE = re.compile("<table", re.I)
CLOSED = {"td", "th", "caption"}
UNREAD = {"script", "style", "template", "title", "noscript", "textarea"}
# A sign that begins no whole tag. html.parser would look for its end through all that
# follows, once for each: time as the square of the length.
STRAY = re.compile(r"""<(?!/?[a-zA-Z](?:[^<>"']|"[^"<>]*"|'[^'<>]*')*>)""")


def tables(text: str) -> str:
    """The tables in some HTML; empty where there is none, or too large a one."""
    if len(text) > LONGEST or not TABLE.search(text):
        return ""
    reader = _Reader()
    try:
        for part in _parts(STRAY.sub("&lt;", _without_comments(text))):
            reader.feed(part)
            if reader.cells > MOST:
                return ""
        reader.close()
    except (AssertionError, RecursionError):  # what html.parser cannot read
        return ""
    if not reader.cells or reader.cells > MOST:
        return ""
    reader.end_cell()
    return "".join(reader.made) + ("</table>" if reader.inside else "")


def _parts(text: str) -> Iterator[str]:
    return (text[at : at + PART] for at in range(0, len(text), PART))


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    return first + "".join(part.partition("-->")[2] for part in rest)


class _Reader(HTMLParser):
    """Writes a table as it reads one; every tag but a table's is passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made: list[str] = []
        self.inside = self.row = False
        self.open = ""  # the cell that words go to
        self.cells = self.unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unread += tag in UNREAD
        if tag == "table" and not self.inside:  # one within another becomes its words
            self.inside = True
            self.made.append("<table>")
        elif self.inside and tag == "tr":
            self.end_cell()
            self.made.append("</tr><tr>" if self.row else "<tr>")
            self.row = True
        elif self.inside and tag in CLOSED and (self.row or tag == "caption"):
            self.end_cell()
            self.open = tag
            self.cells += 1
            spans = "".join(
                f' {name}="{value}"'
                for name, value in attrs
                if name in ("colspan", "rowspan") and SPAN.fullmatch(value or "")
            )
            self.made.append(f"<{tag}{spans}>")

    def handle_endtag(self, tag: str) -> None:
        self.unread = max(0, self.unread - (tag in UNREAD))
        if tag in CLOSED or tag in ("tr", "table"):
            self.end_cell()
        if tag in ("tr", "table") and self.row:
            self.made.append("</tr>")
            self.row = False
        if tag == "table" and self.inside:
            self.made.append("</table>")
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.open and not self.unread:
            self.made.append(html.escape(data))

    def end_cell(self) -> None:
        """Close the cell that is open, if one is."""
        if self.open:
            self.made.append(f"</{self.open}>")
            self.open = ""
