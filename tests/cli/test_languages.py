"""With ``--lang zh``, or a Chinese locale, nothing that is said is an English sentence.

English words that are no sentence stay: names of lessons, exercises, students, files,
functions; and the messages of Python's own errors.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from bmkit import language
from bmkit.course import log_file
from bmkit.course.build.notebooks import dumps
from bmkit.course.build.release import learner_notebook
from bmkit.course.cli import main as command
from bmkit.course.kernels import sandbox
from bmkit.course.source.catalog import Course

UNSAFE = ["--unsafe"] if sandbox.missing() else []
# Three English words that follow one another; a path, a name or a unit is shorter.
ENGLISH = re.compile(r"(?:\b[a-z]{2,}['’]?[a-z]*\b[ ,;:]+){2,}[a-z]{2,}", re.IGNORECASE)
# What is the notebook's, not ours, and what nobody reads.
THEIRS = re.compile(
    r'<style>.*?</style>|<pre.*?</pre>|<section class="prose">.*?</section>', re.DOTALL
)
ANSWERS = {  # by student: the answer to `add`, and a cell before it
    "ann": ("def add(a, b):\n    return a + b", ""),
    "bob": ("def add(a, b):\n    return a * b", ""),
    "cat": ("def add(a, b):\n    return None", ""),
    "dan": ("", ""),
    "eve": ("def add(a, b):\n    return a + b", "import os\nos._exit(3)"),
    "fay": ("def add(a, b):\n    return a + c", ""),
    "gus": ("def add(a, b):\n    while True:\n        pass", ""),
}


@pytest.fixture(autouse=True)
def english_again():
    yield
    language.speak("en")
    log_file.end()


def english(text: str) -> list[str]:
    """The English sentences in a text; what Python says of an error is its own."""
    ours = re.sub(r"\w+Error: [^\n]*", "", text)
    return [found[0] for found in ENGLISH.finditer(ours)]


def words_of(page: Path) -> str:
    """What a page says, without what is the notebook's own."""
    bare = THEIRS.sub("", page.read_text(encoding="utf-8"))
    labels = re.findall(r'(?:alt|aria-label|title)="([^"]*)"', bare)
    return html.unescape("\n".join([re.sub(r"<[^>]*>", "\n", bare), *labels]))


def hand_in(folder: Path, lang: str, course: Path) -> None:
    """A room: right, wrong, unwritten, hostile and no notebooks at all."""
    lesson = Course(course).lessons()[0]
    for student, (answer, before) in ANSWERS.items():
        book = learner_notebook(lesson, lang)
        for cell in book.cells:
            if cell["id"] == "add" and answer:
                cell.source = answer
            elif before and "bm.start" in cell.source:
                cell.source += f"\n{before}"
        if student == "cat":  # its check is gone, and the cell of parameters
            book.cells = [c for c in book.cells if c["id"] != "check-add"]
            book.cells = [c for c in book.cells if "tags" not in c.metadata]
        (folder / f"{student}.ipynb").write_text(dumps(book), encoding="utf-8")
    (folder / "hal.ipynb").write_text("{broken", encoding="utf-8")
    (folder / "ida.zip").write_bytes(b"PK")
    (folder / "jim").mkdir()
    (folder / "kim.ipynb").write_text('{"cells": []}', encoding="utf-8")


@pytest.mark.integration
@pytest.mark.parametrize("notebooks", ["en", "zh"])
def test_grading_a_room_is_wholly_chinese(course, tmp_path, capsys, notebooks):
    room = tmp_path / "room"
    room.mkdir()
    hand_in(room, notebooks, course)
    words = ["grade", "--all", str(room), "--lang", "zh", "--course", str(course)]
    assert command.main([*words, "--cell-seconds", "3", *UNSAFE]) == 1
    said = capsys.readouterr()
    assert "评分 7 份" in said.out and "其中没有笔记本" in said.out
    assert english(said.out) == [] and said.err == ""
    page = words_of(room / "room.html")
    assert "是相加吗？" in page and "自行结束" in page
    assert english(page) == []
    # The first row has the names of the columns, which programs look for.
    table = (room / "grades.csv").read_text(encoding="utf-8-sig")
    assert english(table.split("\n", 1)[1]) == []
    for student in ANSWERS:
        page = words_of(room / "feedback" / student / "adding" / "adding.html")
        assert english(page) == [], student
        assert "评语" in page
    unwritten = words_of(room / "feedback" / "dan" / "adding" / "adding.html")
    assert "还没有写" in unwritten and "Python 有一个运算符" in unwritten
    wrong = words_of(room / "feedback" / "bob" / "adding" / "adding.html")
    assert "应为 3，得到 2：是相加吗？" in wrong


@pytest.mark.integration
@pytest.mark.parametrize("notebooks", ["en", "zh"])
def test_grading_ones_own_is_wholly_chinese(course, tmp_path, capsys, notebooks):
    hand_in(tmp_path, notebooks, course)
    names = ("ann", "bob", "cat", "dan", "eve", "hal", "kim", "nobody")
    files = [str(tmp_path / f"{name}.ipynb") for name in names]
    words = ["grade", *files, "--lang", "zh", "--course", str(course), *UNSAFE]
    assert command.main(words) == 1
    said = capsys.readouterr()
    assert "下一步：add" in said.out and "没有这个文件" in said.out
    assert english(said.out) == [] and said.err == ""
    for name in names[:5]:
        assert english(words_of(tmp_path / f"{name}.feedback.html")) == []


@pytest.mark.integration
def test_without_a_language_feedback_is_in_the_notebooks(course, tmp_path, capsys):
    hand_in(tmp_path, "zh", course)
    bob = str(tmp_path / "bob.ipynb")
    assert command.main(["grade", bob, "--course", str(course), *UNSAFE]) == 0
    assert "下一步：add" in capsys.readouterr().out
    assert "评语" in words_of(tmp_path / "bob.feedback.html")
    words = ["grade", bob, "--course", str(course), "--lang", "en", *UNSAFE]
    assert command.main(words) == 0
    said = capsys.readouterr().out
    assert "next: add. Python has an operator for it." in said
    assert "expected 3, got 2: did you add?" in said


@pytest.mark.integration
def test_what_learners_and_teachers_see_is_chinese(
    course, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("BMKIT_PROGRESS", str(tmp_path / "none.json"))
    monkeypatch.delenv("LC_ALL")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    here = ["--course", str(course)]
    report = str(tmp_path / "report")
    run = ["run", "adding", "--profile", "ci", "--output", report]
    for words, code in (
        (["progress", *here], 0),
        (["list", *here], 0),
        (["data", "verify"], 0),
        ([*run, *here], 0),
        (["run", "addin", *here], 2),
        (["grade", "--all", str(tmp_path / "nowhere"), *here], 1),
        (["lab", str(tmp_path / "nowhere")], 2),
        (["list", "--course", str(tmp_path)], 2),
    ):
        assert command.main(words) == code, words
        said = capsys.readouterr()
        assert english(said.out + said.err) == [], words
        assert re.search("[\u4e00-\u9fff]", said.out + said.err), words
    assert english(words_of(tmp_path / "report" / "report.html")) == []
