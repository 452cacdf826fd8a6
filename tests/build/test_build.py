"""The notebooks are what the sources give: the same bytes, and no answer in them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bmkit.course.build import folder, release
from bmkit.course.source import loading, prose
from bmkit.course.source.catalog import LANGS, Course, Lesson
from bmkit.course.source.regions import HIDDEN, SOLUTION

MARKS = ("BEGIN SOLUTION", "BEGIN HIDDEN")


def test_building_twice_gives_the_same_bytes(course):
    first = release.built(Course(course))
    shutil.rmtree(course / ".bmkit")
    loading._read.cache_clear()
    assert release.built(Course(course)) == first
    assert len(first) == 4


def test_what_is_written_is_current_until_a_source_changes(course, adding):
    assert folder.write(Course(course))
    assert folder.differences(Course(course)) == []
    assert folder.write(Course(course)) == []
    text = adding.read_text(encoding="utf-8")
    adding.write_text(text.replace("sum([a, b])", "sum((b, a))"), encoding="utf-8")
    assert folder.differences(Course(course)) == []  # a variant is not in lessons/
    adding.write_text(text.replace("minutes: 5", "minutes: 6"), encoding="utf-8")
    assert folder.differences(Course(course)) == [
        "lessons/en/01-first/01-adding.ipynb: differs from its source",
        "lessons/zh/01-first/01-adding.ipynb: differs from its source",
    ]


def test_the_notebook_of_a_lesson_that_is_gone_is_found_and_removed(course):
    folder.write(Course(course))
    stray = course / "lessons" / "en" / "01-first" / "09-old.ipynb"
    shutil.copy(stray.with_name("01-adding.ipynb"), stray)
    assert folder.differences(Course(course)) == [
        "lessons/en/01-first/09-old.ipynb: no source gives it"
    ]
    folder.write(Course(course))
    assert not stray.exists() and not Course(course).mine.exists()


def test_the_chinese_copy_is_chinese(course):
    book = json.loads(
        release.built(Course(course))[Path("zh/01-first/01-adding.ipynb")]
    )
    text = "\n".join("".join(cell["source"]) for cell in book["cells"])
    assert 'lang = "zh"' in text
    assert "返回两数之和" in text and "Return the sum" not in text
    assert book["metadata"]["bmkit"]["lang"] == "zh"


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("见这里，\n[另一课](lesson:x)。", "见这里，[另一课](lesson:x)。"),
        ("- 一项；\n  接着说。", "- 一项；接着说。"),
        ("出处：\nF. Author", "出处：F. Author"),
        ("其中，\n$x$ 是", "其中，$x$ 是"),
        ("于是：\n\n$$x$$", "于是：\n\n$$x$$"),
        ("于是：\n$$x$$", "于是：\n$$x$$"),
        ("两条：\n- 一\n- 二", "两条：\n- 一\n- 二"),
        ("用 PyTorch\n来算", "用 PyTorch\n来算"),
        ("he said “no”\nand left", "he said “no”\nand left"),
    ],
)
def test_no_gap_shows_after_a_full_width_mark(broken, whole):
    assert prose.flowing(broken) == whole


def test_chinese_lines_flow_and_others_stay():
    text = "## 标题\n一行，\n二行。\n\n- 项\n- 目\n\none\ntwo"
    flowing = "## 标题\n一行，二行。\n\n- 项\n- 目\n\none\ntwo"
    assert prose.flowing(text) == flowing


def test_labels_become_numbers(course):
    for text in release.built(Course(course)).values():
        assert "\\\\label" not in text and "\\\\ref" not in text


def secrets(source) -> set[str]:
    """Lines that stand only in solutions, hidden tests, mistakes or variants."""
    shown, hidden = set(), set()
    for cell in source.cells:
        for lang in ("en", "zh"):
            inside = cell.kind in ("mistake", "variant")
            for line in cell.text(lang).splitlines():
                if SOLUTION.begin in line or HIDDEN.begin in line:
                    inside = True
                elif SOLUTION.end in line or HIDDEN.end in line:
                    inside = False
                else:
                    (hidden if inside else shown).add(line.strip())
    distinct = {line for line in hidden - shown if len(line) > 12}
    return {line for line in distinct if not line.startswith(("return None", "def "))}


def leaks(lesson: Lesson) -> list[str]:
    """Lines of a lesson's notebooks that learners must not see."""
    hidden = secrets(loading.source_of(lesson))
    found = []
    for lang in LANGS:
        text = release.learner_text(lesson, lang)
        lines = {
            line.strip()
            for cell in json.loads(text)["cells"]
            for line in "".join(cell["source"]).splitlines()
        }
        found += [f"{lang}: {line}" for line in hidden & lines]
        found += [f"{lang}: {mark}" for mark in MARKS if mark in text]
    return found


def test_no_answer_reaches_a_tiny_lesson(course):
    source = loading.source_of(Course(course).lessons()[0])
    assert any("secret_sum" in line for line in secrets(source))
    assert any("negative numbers" in line for line in secrets(source))
    assert leaks(Course(course).lessons()[0]) == []
