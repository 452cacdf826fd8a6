"""A stranger's text and code as HTML that cannot act.

Nothing of theirs becomes markup: prose is rendered by an allow-list and then cleaned by
another, code is escaped.
"""

from __future__ import annotations

import html
import re
from functools import cache, lru_cache
from typing import Any

from bmkit.course.report.mathml import mathml

# What prose may be made of. No attribute but those that `_attribute` lets through.
BARE = "details|summary|br|sub|sup|kbd|b|i|u|s|em|strong|small|mark"
MADE = "p|h1|h2|h3|h4|h5|h6|ul|ol|li|blockquote|pre|code|hr|a|span|div"
TAGS = frozenset(f"{BARE}|{MADE}|table|thead|tbody|tr|th|td".split("|"))
LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\\]+", re.I)
SPANS = {tag: {"colspan", "rowspan"} for tag in ("td", "th")}
TEX = re.compile(r'<(?P<tag>span|div) class="tex">(?P<tex>[^<]*)</(?P=tag)>')
BARE_TAG = re.compile(rf"&lt;(/?(?:{BARE})) ?/?&gt;", re.I)
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)")
# Shown instead: control characters, what turns the reading direction (code can read
# otherwise than it runs), and lone surrogates, which no file can hold.
UNSEEN: dict[int, int] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys([0x7F, *range(0x80, 0xA0)], 0xFFFD),
    **dict.fromkeys([0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F)], 0xFFFD),
    **dict.fromkeys([*range(0x2066, 0x206A), *range(0xD800, 0xE000)], 0xFFFD),
}
ODD = re.compile(f"[{''.join(map(chr, UNSEEN))}]")


def seen(text: str) -> str:
    """``text`` as a terminal would leave it, every other control character visible."""
    if not ODD.search(text):
        return text
    text = ANSI.sub("", text)
    if "\r" in text:  # a progress bar overwrites its own line
        rows = text.replace("\r\n", "\n").split("\n")
        text = "\n".join(row.rstrip("\r").rpartition("\r")[2] for row in rows)
    return text.translate(UNSEEN)


@lru_cache(maxsize=256)
def coloured(source: str, _not_loaded: str) -> str:
    """Python code in Pygments' spans."""
    from pygments import highlight

    return highlight(source, *_colours())


@cache
def _colours() -> tuple[Any, Any]:
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True)


@lru_cache(maxsize=256)
def prose(source: str, not_loaded: str) -> str:
    """Markdown as HTML; two walls, of which either alone would do; formulas as MathML.

    Formulas go through both as text, and are typeset behind them.
    """
    return TEX.sub(_typeset, cleaned(_markdown(not_loaded)(source)))


def _typeset(match: re.Match[str]) -> str:
    tex = html.unescape(match["tex"])
    return mathml(tex, block=match["tag"] == "div") or match[0]


def cleaned(text: str) -> str:
    """The second wall: no tag but `TAGS`, no attribute but those let through.

    What is not let through is dropped with its tag, never its text. The first wall has
    escaped it, so that learners see what they wrote.
    """
    import nh3

    return nh3.clean(
        text,
        tags={*TAGS, "caption"},
        clean_content_tags=set(),
        attributes={"*": {"class"}, "a": {"class", "href"}, **SPANS},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute that prose may have; None for any other."""
    if tag == "a" and name == "href":
        return value if LINK.fullmatch(value) else None
    if name in ("colspan", "rowspan"):
        return value if value.isdecimal() and len(value) < 4 else None
    return value if name == "class" and value == "tex" else None


@cache
def _markdown(not_loaded: str) -> Any:
    """The first wall: raw HTML is text, but for a few tags without attributes."""
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def block_html(self, html: str) -> str:
            return self.inline_html(html)

        def inline_html(self, html: str) -> str:
            return BARE_TAG.sub(r"<\1>", mistune.escape(html))

        def link(self, text: str, url: str, title: str | None = None) -> str:
            if not LINK.fullmatch(url):
                return text
            return f'<a href="{mistune.escape(url)}">{text}</a>'

        def image(self, text: str, url: str, title: str | None = None) -> str:
            said = mistune.util.striptags(text) or mistune.escape(url)
            return f"<em>[{not_loaded.format(picture=said)}]</em>"

        def block_code(self, code: str, info: str | None = None) -> str:
            return f"<pre><code>{mistune.escape(code)}</code></pre>\n"

        def block_math(self, tex: str) -> str:
            return f'<div class="tex">{mistune.escape(tex.strip())}</div>\n'

        def inline_math(self, tex: str) -> str:
            return f'<span class="tex">{mistune.escape(tex)}</span>'

    def block_math(_parser: Any, match: re.Match[str], state: Any) -> int:
        state.append_token({"type": "block_math", "raw": match["shown"]})
        return match.end()

    def inline_math(_parser: Any, match: re.Match[str], state: Any) -> int:
        kind = "block_math" if match["long"] else "inline_math"
        state.append_token({"type": kind, "raw": match["long"] or match["short"]})
        return match.end()

    renderer = Renderer(escape=True)
    found = mistune.create_markdown(renderer=renderer, plugins=["table"])
    some = r"(?:[^$\\]|\\[\s\S])+"
    found.block.register(
        "block_math",
        rf"^ {{0,3}}\$\$(?P<shown>{some})\$\$[ \t]*(?:\n|$)",
        block_math,
        before="list",
    )
    found.inline.register(
        "inline_math",
        rf"\$\$(?P<long>{some})\$\$|\$(?![\s$])(?P<short>{some})(?<!\s)\$(?!\d)",
        inline_math,
        before="codespan",
    )
    return found
