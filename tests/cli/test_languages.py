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
    """The English sentences in a text; errors are Python's, a cell's line is theirs."""
    ours = re.sub(r"\w+Error: [^\n]*|第 \d+ 个单元格（[^\n）]*）", "", text)
    return [found[0] for found in ENGLISH.finditer(ours)]


# Programs, and what the search finds in either language.
UNSEEN = re.compile(r"<script>.*?</script>|<span hidden>.*?</span>", re.DOTALL)


def words_of(page: Path) -> str:
    """What a page says, without what is the notebook's own."""
    bare = THEIRS.sub("", page.read_text(encoding="utf-8"))
    bare = UNSEEN.sub("", bare)
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
    said = capsys.readouterr().out
    # The terminal's own lines are in the locale's; what the learner is told is not.
    assert "next: add. Python 有一个运算符" in said
    assert "feedback: " in said and "of 2 points" in said and "是相加吗？" in said
    assert "评语" in words_of(tmp_path / "bob.feedback.html")
    words = ["grade", bob, "--course", str(course), "--lang", "en", *UNSAFE]
    assert command.main(words) == 0
    said = capsys.readouterr().out
    assert "next: add. Python has an operator for it." in said
    assert "expected 3, got 2: did you add?" in said


@pytest.mark.integration
def test_the_terminals_lines_are_in_the_locales(course, tmp_path, monkeypatch, capsys):
    hand_in(tmp_path, "en", course)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    bob = str(tmp_path / "bob.ipynb")
    assert command.main(["grade", bob, "--course", str(course), *UNSAFE]) == 0
    said = capsys.readouterr().out
    assert "下一步：add" in said and "评语" in said and "next:" not in said
    assert "expected 3, got 2: did you add?" in said
    assert "评语" not in words_of(tmp_path / "bob.feedback.html")


# The words, and what is said in Chinese.
WRONG = {
    "lists": "参数 COMMAND：没有 'lists' 这一选择（可选：'run'",
    "list --colour": "bmkit：无法识别的参数：--colour（见 bmkit --help）",
    "list --lang": "参数 --lang：后面应有一个值（见 bmkit list --help）",
    "list --lang=fr": "没有 'fr' 这一选择",
    "data": "缺少必需的参数：action",
    "": "缺少必需的参数：COMMAND",
    "run -j 0": "参数 -j/--jobs：'0' 不是不小于 1 的整数",
    "run --limit x": "'x' 不是大于 0 且不超过 1000000 的数",
    "run --seed x": "'x' 不是 0 到 4294967295 的整数",
    "run --fresh=1": "它后面不应有值 '1'",
    "build --nbgrader=": "文件夹的名字是空的",
    "grade --all . --export x.zip": "'x.zip' 不以 .csv 结尾",
    "--course x list": "--course 是命令的选项，写在命令之后：bmkit COMMAND --course",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_with_a_command_line_is_chinese(words, monkeypatch, capsys):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(SystemExit, match="2"):
        command.main(words.split())
    said = capsys.readouterr().err
    assert WRONG[words] in said and said.count("\n") == 1
    assert english(re.sub("可选：.*", "", said)) == []


def test_a_language_asked_for_is_argparses_too(capsys):
    with pytest.raises(SystemExit):
        command.main(["run", "--lang", "zh", "--seed"])
    assert "后面应有一个值" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        command.main(["list", "--lang=zh", "--help"])
    said = capsys.readouterr().out
    assert "用法：bmkit list" in said and "\n选项:" in said
    with pytest.raises(SystemExit):
        command.main(["run", "--seed"])
    assert "expected one argument (see bmkit run" in capsys.readouterr().err


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
