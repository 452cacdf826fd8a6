"""Every built notebook rendered as nbconvert does it: a second opinion on its pages.

The first is `source.pages`, which looks at each source before anything is built.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from bmkit.course.build.release import learner_text
from bmkit.course.source.catalog import LANGS
from bmkit.course.source.pages import FORMULA, OPEN, SHUT, foreign, left_over
from tests.course_lessons import LESSONS, each_lesson

BLOCKS = ["p", "li", "h1", "h2", "h3", "h4", "td", "th", "summary"]


def texts(cell: dict[str, Any]) -> Iterator[str]:
    """What a reader sees of a cell, block by block, without formulas and code."""
    html = markdown2html_mistune("".join(cell["source"]))
    for block in BeautifulSoup(html, "html.parser").find_all(BLOCKS):
        if block.find(BLOCKS):
            continue  # its own blocks are told one by one
        for code in block.find_all(["code", "pre"]):
            code.replace_with(" ")
        for part in block.find_all(["em", "a"]):
            part.replace_with(f"{OPEN}{part.get_text()}{SHUT}")
        yield FORMULA.sub(" ", block.get_text())


def wrong(book: dict[str, Any], lang: str) -> list[str]:
    """What is left over or foreign on a notebook's page, a line each."""
    told = []
    for number, cell in enumerate(book["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        quote = "quote" in cell["metadata"].get("bmkit", {})
        for text in texts(cell):
            told += [f"cell {number}: {kind}: {text!r}" for kind in left_over(text)]
            words = "" if quote else foreign(text, lang)
            told += [f"cell {number}: not {lang}: {words!r}"] if words else []
    return told


@each_lesson
def test_pages_show_no_mark_up_and_speak_one_language(cost, slug):
    for lang in LANGS:
        with cost(slug, "pages"):
            told = wrong(json.loads(learner_text(LESSONS[slug], lang)), lang)
        assert not told, f"{lang}:\n" + "\n".join(told)


@pytest.mark.parametrize(
    ("lang", "source"),
    [
        ("en", "two * marks"),
        ("zh", "*This is a whole sentence that nobody has translated.*"),
        ("zh", "<details><summary>Five words that nobody reads</summary></details>"),
    ],
)
def test_the_second_opinion_tells_what_is_wrong(lang, source):
    cell = {"cell_type": "markdown", "source": [source], "metadata": {}}
    assert len(wrong({"cells": [cell]}, lang)) == 1
