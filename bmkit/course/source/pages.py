"""What a reader would see on a page and should not: mark-up, or the other language.

Prose is read as Markdown, formulas and code put aside, and each block is looked at.
Of programs, what is for a reader is looked at: comments, docstrings, spoken strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from bmkit.course.json_values import as_dict
from bmkit.course.source.cells import Cell, Problem, Source
from bmkit.course.source.phrase_list import SAME
from bmkit.course.source.phrases import MATHS, SPOKEN, phrases, placeholders
from bmkit.course.source.prose import shown
from bmkit.language import LANGS

# Formulas are taken out before Markdown is read, as JupyterLab does; code is not.
FORMULA = re.compile(
    r"(?P<code>^ {0,3}```.*?^ {0,3}```|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))"
    r"|(?<!\\)\$\$.+?\$\$|(?<!\\)\$(?:[^$\n]|\n(?![ \t]*\n))+\$",  # in one paragraph
    re.DOTALL | re.MULTILINE,
)
ASIDE = "@@"  # stands for a formula or code
OPEN, SHUT = "\ue000", "\ue001"  # stand around what is emphasised, and links
LEFT_OVER = {
    "a reference without a number": re.compile(r"\\(?:eq)?ref\b|\\label\b|\(\?+\)"),
    "a dollar sign": re.compile(r"\$"),
    "an asterisk": re.compile(r"\*"),
    "a backtick": re.compile(r"`"),
    "question marks": re.compile(r"\?\?\?"),
}
TAG = re.compile(r"</?\w[^<>]*>|<!--.*?-->", re.DOTALL)
BLOCKS = {"paragraph", "block_text", "heading", "table_cell"}

LETTER = re.compile(r"[\u4e00-\u9fff]")
STRETCH = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]{6,}")
WORD = re.compile(r"[A-Za-z]{2,}")
# The other language's own words; in English, a term's Chinese stands in brackets too.
QUOTED = re.compile(r"“[^”]*”|‘[^’]*’|《[^》]*》|「[^」]*」")
BRACKETS = re.compile(r"（[^（）]*）|\([^()]*\)")
RUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[\s,;:—\"]+[A-Za-z][A-Za-z'’-]*){4,}")
BETWEEN = re.compile(r"[\s,;:—\"]+")
# A reference: its authors, perhaps the year, then its title, in the paper's language.
NAMES = r"(?:(?:[A-Z][\w.’'-]*|and|et|al\.|de|van|der|von),?\s+)+"
YEAR = r"\((?:19|20)\d\d\)"
REFERENCE = re.compile(
    rf"\s*(?=[A-Z]\.|[^{OPEN}\"]*{YEAR})(?P<who>{NAMES}(?:{YEAR},?\s+)?)"
    rf"(?:\"[^\"]*\"|{OPEN}[^{SHUT}]*{SHUT})"
)
# In titles these are not capitalised either.
SMALL = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "is", "of"}
SMALL |= {"on", "or", "the", "to", "with"}


def problems(source: Source) -> Iterator[Problem]:
    """What a page of this source would show of mark-up or of the other language."""
    titles = as_dict(source.header.get("title"))
    for lang in LANGS:
        yield from _language(str(titles.get(lang, "")), lang, source, 1)
    for cell in source.cells:
        if cell.markdown:
            yield from _prose(cell, source)
        else:
            yield from _program(cell, source)


def blocks(markdown: str) -> list[str]:
    """The text of each block as a reader sees it, without formulas and code.

    What is emphasised or a link stands between `OPEN` and `SHUT`.
    """
    kept = FORMULA.sub(lambda found: found["code"] or ASIDE, markdown)
    return [text for text in _blocks(_parser()(kept)) if text.strip()]


def left_over(text: str) -> list[str]:
    """The kinds of mark-up that stand in what a reader sees."""
    return [kind for kind, pattern in LEFT_OVER.items() if pattern.search(text)]


def foreign(text: str, lang: str) -> str:
    """Words of a text that should be in ``lang`` and are not; empty if there are none.

    In Chinese a name, a title and a quotation may be English, in English a word and a
    quotation Chinese; a sentence of the page's own may not.
    """
    text = re.sub(f"[{OPEN}{SHUT}]", "", _untitled(text))
    rest = QUOTED.sub(" ", text)
    if lang == "en":
        rest = BRACKETS.sub(" ", rest)
        stretch = STRETCH.search(rest)
        if stretch:
            return stretch[0]
        return rest if LETTER.search(rest) and not WORD.search(rest) else ""
    return _sentence(rest if LETTER.search(rest) else text)


def _untitled(text: str) -> str:
    """A reference without the title of the paper; any other text as it is."""
    found = REFERENCE.match(text)
    return found["who"] + text[found.end() :] if found else text


def _sentence(text: str) -> str:
    """Five English words in a row that are no title; empty if there are none."""
    for run in RUN.finditer(text):
        words = BETWEEN.split(run[0])
        for n in range(len(words) - 4):
            five = words[n : n + 5]
            small = [w for w in five if w[0].islower() and w[1:]]  # one is a symbol
            if len(small) >= 3 and not SMALL.issuperset(small):
                return " ".join(words[n:])
    return ""


def _prose(cell: Cell, source: Source) -> Iterator[Problem]:
    yield from _page(cell, source, "en", cell.line)
    if cell.twin is not None:
        yield from _page(cell, source, "zh", cell.twin.line)


def _page(cell: Cell, source: Source, lang: str, line: int) -> Iterator[Problem]:
    for text in blocks(shown(cell, source, lang)):
        for kind in left_over(text):
            message = f"the page would show {kind}: {_short(text)!r}"
            yield Problem(source.path, line, message)
        if cell.kind != "quote":  # which has both languages
            yield from _language(text, lang, source, line)


def _language(text: str, lang: str, source: Source, line: int) -> Iterator[Problem]:
    words = foreign(text, lang)
    if words:
        name = {"en": "English", "zh": "Chinese"}[lang]
        message = (
            f"not {name}, on the {name} page: {_short(words)!r}; translate it "
            "(a quotation stands between “ and ”)"
        )
        yield Problem(source.path, line, message)


def _program(cell: Cell, source: Source) -> Iterator[Problem]:
    if LETTER.search(cell.source):
        try:
            said = phrases(cell.source)
        except SyntaxError:
            return  # told as such
        for phrase in said:
            # Other strings are data, though a loop may print them: Chinese headlines.
            if SPOKEN.fullmatch(phrase.site.replace(" =", "=")):
                line = cell.line + 1 + cell.source.count("\n", 0, phrase.begin)
                yield from _language(_plain(phrase.key), "en", source, line)
    if cell.twin is None:
        return
    for entry in cell.twin.entries:
        words = entry.key if entry.rows == SAME else " ".join(entry.rows)
        line = cell.twin.line + entry.line
        yield from _language(_plain(words), "zh", source, line)


def _plain(said: str) -> str:
    """What a program says, without placeholders, formulas and tags."""
    return MATHS.sub(" ", placeholders(said)[1])


def _short(text: str) -> str:
    return re.sub(f"[{OPEN}{SHUT}]", "", text).strip()[:60]


@cache
def _parser() -> Callable[[str], Any]:
    import mistune

    return mistune.create_markdown(renderer=None, plugins=["table", "strikethrough"])


def _blocks(tokens: list[dict[str, Any]]) -> Iterator[str]:
    for token in tokens:
        if token["type"] in BLOCKS:
            yield _text(token.get("children", [])).replace(ASIDE, " ")
        elif token["type"] == "block_html":
            yield TAG.sub(" ", token["raw"]).replace(ASIDE, " ")
        else:
            yield from _blocks(token.get("children", []))


def _text(tokens: list[dict[str, Any]]) -> str:
    said = []
    for token in tokens:
        inner = token.get("raw") or _text(token.get("children", []))
        match token["type"]:
            case "codespan":
                said.append(" ")
            case "inline_html":
                pass
            case "softbreak" | "linebreak":
                said.append("\n")
            case "emphasis" | "link":
                said.append(f"{OPEN}{inner}{SHUT}")
            case _:
                said.append(inner)
    return "".join(said)
