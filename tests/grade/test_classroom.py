"""The room's page tells what happened, in both languages, whatever learners write."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bmkit.course.grade import classroom, export
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.source.catalog import Course
from tests.conftest import TINY
from tests.grade.test_similarity import WORK

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def verdict(student: str, *marks: Mark, slug: str = "adding", **more) -> Verdict:
    return Verdict(student, slug, marks=list(marks), **more)


def passed(name: str) -> Mark:
    return Mark(name, 2, 2)


def failed(name: str, message: str, mistake: str = "") -> Mark:
    return Mark(name, 0, 2, message=message, mistake=mistake)


@pytest.fixture
def class_() -> list[Verdict]:
    """Four students, two exercises."""
    product = failed("add", "expected 3, got 2: did you add?", "did you add")
    return [
        verdict("ann", passed("add"), passed("sum")),
        verdict("bob", product, failed("sum", "not written yet")),
        verdict("cat", product, passed("sum")),
        verdict("dan", passed("add"), failed("sum", "odd"), person=["it lied"]),
    ]


def test_a_room_is_counted(class_):
    (part,) = classroom.gather(class_)
    add, total = part.exercises.values()
    assert (add.name, add.passed, add.failed, add.unwritten) == ("add", 2, 2, 0)
    assert (total.passed, total.failed, total.unwritten) == (2, 1, 1)
    assert add.mistakes == {"did you add": 2}
    assert add.messages == {"did you add": "expected 3, got 2: did you add?"}
    assert total.others == {"odd": 1}
    assert (add.stuck, total.stuck) == (["bob", "cat"], ["dan"])
    assert part.person == [("dan", ["it lied"])]
    assert part.bins == [1, 0, 0, 0, 0, 2, 0, 0, 0, 1]
    assert (part.whole, part.middle) == (1, 0.5)


def test_identical_work_is_in_the_room(tmp_path):
    cells = [{"source": WORK, "metadata": {"nbgrader": {"grade_id": "attend"}}}]
    notebook = json.dumps({"cells": cells})
    both = [verdict(n, passed("attend"), notebook=notebook) for n in ("ann", "bob")]
    (part,) = classroom.gather(both)
    assert part.alike[0].students == ("ann", "bob")
    assert "Work that is alike" in page(tmp_path, both)


def page(tmp_path: Path, verdicts: list[Verdict], **more) -> str:
    lessons = Course(TINY).lessons()
    path = classroom.write(tmp_path / "room.html", iter(verdicts), lessons, **more)
    assert [p.name for p in tmp_path.iterdir()] == ["room.html"], "a draft was left"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("lang", "says"), [("en", "Adding"), ("zh", "谁停在哪一题")])
def test_the_page_has_what_a_teacher_asks(class_, tmp_path, lang, says):
    text = page(tmp_path, class_, lang=lang, refused=["eve.zip: unpack it first"])
    assert says in text and "eve.zip: unpack it first" in text
    for words in ("did you add", "expected 3, got 2", "it lied", "<bdi>bob</bdi>"):
        assert words in text
    assert len(re.findall(r'<svg[^>]* role="img" aria-label="[^"]{9}', text)) == 3
    assert bool(re.search("[\u4e00-\u9fff]", text)) == (lang == "zh")
    assert ("submissions" in text) == (lang == "en")


class Tags(HTMLParser):
    """Which tags and attributes a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_runs_and_loads_nothing(class_, tmp_path):
    tags = Tags(page(tmp_path, class_))
    assert not tags.tags & {"script", "img", "link", "iframe", "a", "object", "base"}
    assert not {
        a for a in tags.attributes if a.startswith("on") or a in ("src", "href")
    }
    assert "style" in tags.tags and "style" not in tags.attributes


def test_a_learners_words_are_only_words(tmp_path):
    hostile = [
        verdict(EVIL, failed(EVIL, EVIL, EVIL), slug=EVIL, person=[EVIL]),
        verdict("\u202egro.live\ud800\x1b[2J", failed("x", EVIL)),
    ]
    text = page(tmp_path, hostile, refused=[EVIL])
    plain = Tags(page_of_nothing(tmp_path))
    tags = Tags(text)
    assert not tags.tags & {"script", "img"} and "onerror" not in tags.attributes
    assert "\u202e" not in text and "\x1b" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert tags.attributes - plain.attributes <= SVG | {"scope", "id"}


SVG = {"viewbox", "width", "height", "role", "aria-label", "x", "y", "x1", "x2", "y1"}
SVG |= {"y2", "class"}


def page_of_nothing(tmp_path: Path) -> str:
    return page(tmp_path, [])


def test_the_style_is_the_one_that_the_policy_lets_in(class_, tmp_path):
    text = page(tmp_path, class_)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in text
    assert "&#" not in style and "&quot;" not in style


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_a_table_has_a_column_for_each_exercise(class_, tmp_path):
    other = verdict("李雷", Mark("draw", 0.5, 1), slug="plotting")
    assert export.table(tmp_path / "t.csv", iter([*class_, other])) == 5
    head, ann, *_, dan, li = rows(tmp_path / "t.csv")
    names = ["add", "sum", "draw"]
    assert head == ["student", "lesson", *names, "total", "of", "person"]
    assert ann == ["ann", "adding", "2", "2", "", "4", "4", ""]
    assert dan == ["dan", "adding", "2", "0", "", "2", "4", "it lied"]
    assert li == ["李雷", "plotting", "", "", "0.5", "0.5", "1", ""]


@pytest.mark.parametrize(
    "start", [*"=+-@＝﹢−", "\t=", " =", "\xa0=", "\u3000＝", "\u200b=", "\ufeff ="]
)
def test_no_cell_is_a_formula(start, tmp_path):
    evil = f"{start}HYPERLINK(1)"
    export.table(tmp_path / "t.csv", [verdict(evil, person=[evil, "\ud800"])])
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    ((student, *_, reason),) = rows(tmp_path / "t.csv")[1:]
    assert student == f"'{evil}" and reason.startswith("'")


@pytest.mark.parametrize("apart", [";", "\t", ","])
def test_no_name_becomes_two_cells(apart, tmp_path):
    """Spreadsheets of most of Europe part a row at semicolons, but not in quotes."""
    export.table(tmp_path / "t.csv", [verdict(f"ann{apart}=HYPERLINK(1)")])
    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    *_, row = csv.reader(text.splitlines(), delimiter=apart)
    assert [cell for cell in row if cell.startswith("=")] == []
