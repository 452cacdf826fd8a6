"""A link to a lesson leads to its notebook in the page's language, or is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bmkit.course.build import release
from bmkit.course.source import links, lint, prose
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import digest
from bmkit.course.source.reader import read
from tests import ROOT

HINT = "# Python has an operator for it."
CHINESE = "# Python 有一个运算符。"


@pytest.fixture
def linking(adding: Path) -> Path:
    """A lesson whose hint links to the next one, in both languages."""
    text = adding.read_text(encoding="utf-8")
    english = "See [the\n# second lesson](lesson:plotting)."
    text = text.replace(HINT, f"# {english}").replace(digest(HINT[2:]), "HASH")
    text = text.replace("HASH", digest(english.replace("\n# ", "\n")))
    text = text.replace(CHINESE, "# 见[第二课](lesson:plotting)。")
    adding.write_text(text, encoding="utf-8")
    return adding


def told(path: Path) -> list[str]:
    return [one.message for one in lint.own(read(path)) if "link" in one.message]


def test_a_link_leads_to_the_notebook_in_the_language_of_the_page(course, linking):
    built = release.built(Course(course))
    for lang, words in (("en", "the\nsecond lesson"), ("zh", "第二课")):
        book = json.loads(built[Path(lang) / "01-first/01-adding.ipynb"])
        page = "\n".join("".join(cell["source"]) for cell in book["cells"])
        assert f"[{words}](../02-second/01-plotting.ipynb)" in page
        assert "lesson:" not in page
        target = Path(lang) / "01-first" / ".." / "02-second" / "01-plotting.ipynb"
        assert Path(*[p for p in target.parts if p not in ("01-first", "..")]) in built


def test_a_link_to_no_lesson_is_refused_with_the_nearest(linking):
    text = linking.read_text(encoding="utf-8")
    linking.write_text(text.replace("lesson:plotting", "lesson:ploting"), "utf-8")
    (english, *rest) = told(linking)
    assert english.startswith("a link to lesson 'ploting', which does not exist")
    assert "did you mean 'plotting'?" in english and len(rest) == 1


def test_a_translation_links_to_the_same_lessons(linking):
    assert told(linking) == []
    text = linking.read_text(encoding="utf-8")
    linking.write_text(text.replace("[第二课](lesson:plotting)", "第二课"), "utf-8")
    assert told(linking) == ["the translation must link to the same lessons"]


def test_away_from_its_notebook_a_link_is_its_words(linking):
    source = read(linking)
    hint = source.of("hint", "add")[0]
    assert prose.alone(hint, source, "zh") == "见第二课。"
    assert links.unlinked("see [this](https://example.org)").endswith("example.org)")


def test_a_chapter_lists_its_lessons_or_says_that_they_are_to_come(adding):
    source = read(adding)
    both = "[](chapter:02-second), [](chapter:07-seventh)"
    assert links.linked(both, source, "en") == (
        "[Plotting](../02-second/01-plotting.ipynb), to come"
    )
    assert links.linked(both, source, "zh").endswith("ipynb), 尚待编写")


def test_the_map_of_the_course_shows_every_chapter_that_has_lessons():
    every = Course(ROOT).lessons()
    welcome = every[0].path.read_text(encoding="utf-8")
    for folder in {lesson.path.parent.name for lesson in every}:
        assert welcome.count(f"[](chapter:{folder})") == 2, folder
