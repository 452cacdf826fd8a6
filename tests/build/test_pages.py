"""Every built notebook, rendered as HTML: no mark-up left over, one language a page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from bmkit.course.build.release import learner_text
from bmkit.course.source.catalog import LANGS
from tests.course_lessons import LESSONS, each_lesson

MATHS = re.compile(r"\$\$.+?\$\$|\$[^$]+?\$", re.DOTALL)
LEFT_OVER = {
    "a reference without a number": re.compile(r"\\(?:eq)?ref\b|\\label\b|\(\?+\)"),
    "a dollar sign": re.compile(r"\$"),
    "an asterisk": re.compile(r"\*"),
    "a backtick": re.compile(r"`"),
    "question marks": re.compile(r"\?\?\?"),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What may be in another language: code, links (titles of papers), what is emphasised
# or stands between quotation marks, and the document's own words.
ASIDE = ("code", "pre", "a", "em", "strong")
QUOTED = re.compile(r"“[^”]*”|‘[^’]*’|《[^》]*》|「[^」]*」|（[^（）]*）|\([^()]*\)")
WORDS = re.compile(r"(?:\b[A-Za-z][a-z'’]*\b[\s,;:-]*){6,}")
STRETCH = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]{6,}")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def blocks(cell: dict[str, Any]) -> list[tuple[str, bool]]:
    """The texts of a rendered cell, block by block; whether each is a quotation."""
    html = markdown2html_mistune("".join(cell["source"]))
    page = BeautifulSoup(html, "html.parser")
    quote = "quote" in cell["metadata"].get("bmkit", {})
    found = []
    names = ["p", "li", "h1", "h2", "h3", "h4", "td", "th", "summary"]
    for block in page.find_all(names):
        if block.find(names):
            continue  # its own blocks are told one by one
        for code in block.find_all(["code", "pre"]):
            code.replace_with(" ")
        found.append((str(block), quote))
    return found


def left_over(html: str) -> list[str]:
    """The kinds of mark-up that a reader would see in a block."""
    text = MATHS.sub(" ", BeautifulSoup(html, "html.parser").get_text())
    return [kind for kind, pattern in LEFT_OVER.items() if pattern.search(text)]


def foreign(html: str, lang: str) -> str:
    """A sentence of a block that is not in ``lang``; empty if there is none."""
    page = BeautifulSoup(html, "html.parser")
    if YEAR.search(page.get_text()) and (page.find(["em", "a"]) or '"' in html):
        return ""  # a reference: where a paper stands is in the paper's language
    for part in page.find_all(ASIDE):
        part.replace_with(" ")
    text = QUOTED.sub(" ", MATHS.sub(" ", page.get_text()))
    if lang == "en":
        stretch = STRETCH.search(text)
        return stretch[0] if stretch else ""
    if CHINESE.search(text) or not text.strip():
        stretch = WORDS.search(text)
        return stretch[0] if stretch else ""
    return text if WORDS.search(text) else ""


def wrong(book: dict[str, Any], lang: str) -> list[str]:
    """What is left over or foreign on a notebook's page, a line each."""
    told = []
    for number, cell in enumerate(book["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        for html, quote in blocks(cell):
            text = BeautifulSoup(html, "html.parser").get_text()[:80]
            told += [f"cell {number}: {kind}: {text!r}" for kind in left_over(html)]
            sentence = "" if quote else foreign(html, lang)
            if sentence:
                told.append(f"cell {number}: not {lang}: {sentence[:60]!r}")
    return told


@each_lesson
def test_pages_show_no_mark_up_and_speak_one_language(cost, slug):
    for lang in LANGS:
        with cost(slug, "pages"):
            book = json.loads(learner_text(LESSONS[slug], lang))
            told = wrong(book, lang)
        assert not told, f"{lang}:\n" + "\n".join(told)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (r"as (\ref{gone}) says", "a reference without a number"),
        ("it costs 5$", "a dollar sign"),
        ("two * marks", "an asterisk"),
        ("a ` alone", "a backtick"),
        ("see (???)", "question marks"),
        (r"all of $x_1 * 2$, **bold** and `code`", ""),
        (r"$$a = b \tag{1}$$", ""),
    ],
)
def test_what_is_left_over_is_found(source, kind):
    ((html, _),) = blocks({"source": source, "metadata": {}})
    assert (kind in left_over(html)) if kind else not left_over(html)


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("The word 大模型 is short.", "en", False),
        ("The page says 大模型是指参数规模达到数十亿的模型.", "en", True),
        ("The page says “大模型是指参数规模达到数十亿的模型”.", "en", False),
        ("这里用 PyTorch 的 nn.Linear。", "zh", False),
        ("This is a sentence that nobody has translated.", "zh", True),
        ("这一句 is a sentence that nobody has translated 还在。", "zh", True),
        ("见 *Attention Is All You Need in Six Words*。", "zh", False),
    ],
)
def test_a_sentence_in_the_wrong_language_is_found(text, lang, found):
    ((html, _),) = blocks({"source": text, "metadata": {}})
    assert bool(foreign(html, lang)) == found
