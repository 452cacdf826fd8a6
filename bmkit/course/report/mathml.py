"""Formulas as MathML, which browsers typeset themselves: no script, no font to load.

A stranger may have written the formula. So what the converter makes is not believed: it
is built anew from the elements and attributes listed here, and all text is escaped.
"""

from __future__ import annotations

import contextlib
import html
import logging
import re
import unicodedata
from functools import lru_cache
from xml.etree.ElementTree import Element

log = logging.getLogger(__name__)
LONGEST = 2_000  # characters of a formula; a longer one stays as it was written
TAGS = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot"),
    *("msub", "msup", "msubsup", "munder", "mover", "munderover", "mtable", "mtr"),
    *("mtd", "mstyle", "mpadded", "mphantom", "menclose"),
}
LENGTH = re.compile(r"-?\d{0,2}(\.\d{1,6})?(em|ex|px|pt|%)?")
WORD = re.compile(r"[a-z-]{1,20}|[0-9]")
ATTRIBUTES = {
    **dict.fromkeys(["width", "minsize", "maxsize", "lspace", "rspace"], LENGTH),
    **dict.fromkeys(["linethickness", "voffset", "height", "depth"], LENGTH),
    **dict.fromkeys(["display", "displaystyle", "scriptlevel", "form"], WORD),
    **dict.fromkeys(["stretchy", "fence", "accent", "accentunder"], WORD),
    **dict.fromkeys(["movablelimits", "largeop", "separator", "mathvariant"], WORD),
    **dict.fromkeys(["columnalign", "rowalign", "linebreak", "symmetric"], WORD),
}
# Browsers know no variant but "normal"; Unicode has letters of their own for the rest.
ALPHABETS = {
    "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT",
    "fraktur": "FRAKTUR",
    "bold": "BOLD",
}
# What the converter does not know, and what it would put too close.
UNKNOWN = [
    (re.compile(r"\\(arg)\b"), r"\\operatorname{\1}"),
    (re.compile(r"\\tag\{([^{}]*)\}"), r"\\qquad\\text{(\1)}"),
]


@lru_cache(maxsize=2048)
def mathml(tex: str, block: bool = False) -> str:
    """A formula as a ``<math>`` element; empty where it cannot be converted.

    Args:
        tex: LaTeX without its dollars.
        block: a displayed formula, on a line of its own.
    """
    if len(tex) > LONGEST:
        return ""
    from latex2mathml.converter import convert_to_element

    try:
        for unknown, instead in UNKNOWN:
            tex = unknown.sub(instead, tex)
        made = _safe(convert_to_element(tex, display="block" if block else "inline"))
    except Exception:  # strange text breaks the parser in many ways, recursion too
        log.info("a formula is shown as text: %.200s", tex, exc_info=True)
        return ""
    return "" if re.search(r">\\[A-Za-z]", made) else made


def _safe(element: Element) -> str:
    """An element and all in it, of known names and with all text escaped."""
    text = html.unescape(element.text or "")
    style = ALPHABETS.get(element.attrib.get("mathvariant", ""))
    if style:
        text = "".join(_letter(sign, style) for sign in text)
    inner = html.escape(text, quote=False)
    for child in element:
        tail = html.escape(html.unescape(child.tail or ""), quote=False)
        inner += _safe(child) + tail
    if element.tag not in TAGS:
        return inner
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value)
    )
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"


def _letter(sign: str, style: str) -> str:
    """A letter or digit of another alphabet, as ℝ for R; itself where there is none."""
    try:
        name = unicodedata.name(sign).removeprefix("LATIN ").replace(" LETTER", "")
    except ValueError:
        return sign
    for full in (f"MATHEMATICAL {style} {name}", f"{style} {name}"):
        with contextlib.suppress(KeyError):
            return unicodedata.lookup(full)
    return sign
