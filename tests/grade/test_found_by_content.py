"""A notebook is one by what it holds; what lies beside one costs nothing."""

from __future__ import annotations

import json

import pytest

from bmkit.course.grade import intake
from bmkit.course.grade.session import grade_all
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import read
from bmkit.course.grade.submitted_file import Note, SubmittedFile
from bmkit.course.kernels import sandbox
from tests.grade.test_grade_all import Listener, points
from tests.grade.test_right_work import ADD, DOUBLE, needs_fork, solved
from tests.grade.two_exercises import lessons as two_exercises

BOOK = '\ufeff{"nbformat": 4, "cells": []}'


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    return two_exercises(tmp_path_factory.mktemp("two") / "course")


def put(path, text=BOOK):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "student"),
    [
        *(("ann.txt", "ann"), ("ann.json", "ann"), ("ann", "ann"), ("ann.pynb", "ann")),
        *(("ann.ipynb~", "ann"), ("ann.ipynb (1)", "ann"), ("ann.ipynb.1", "ann")),
        *(("ann.ipynb?download=1", "ann"), ("ann.ipynb.docx", "ann")),
        *(("Ann Lee (2).txt", "Ann Lee (2)"), ("a.b.json", "a.b")),
    ],
)
def test_a_notebook_is_known_by_what_it_holds(tmp_path, name, student):
    put(tmp_path / name)
    put(tmp_path / "zoe" / name)
    handed, told = intake.find(tmp_path, ["adding"])
    assert [one.student for one in handed] == [student, "zoe"]
    assert told == []


def test_other_json_is_no_notebook(tmp_path):
    put(tmp_path / "ann.json", '{"grades": [1, 2]}')
    put(tmp_path / "bob.txt", 'My "cells": {"nbformat": 4}')
    put(tmp_path / "eve" / "adding.ipynb")
    put(tmp_path / "eve" / "mine.json")  # beside a notebook it comes along
    handed, told = intake.find(tmp_path, ["adding"])
    assert [one.student for one in handed] == ["eve"]
    assert [one.path.name for one in told] == ["ann.json", "bob.txt"]


def test_a_student_may_have_a_name_like_a_file_of_ours(tmp_path):
    names = ["gradebook.db", "room.html", "grades.csv (2)", "gradebook.database"]
    for name in names:
        put(tmp_path / f"{name}.ipynb")
    for name in ("gradebook.db", "gradebook.db-wal", "grades.csv", "room.html"):
        put(tmp_path / name)
    put(tmp_path / "autograded.not-ours-1")
    handed, told = intake.find(tmp_path, ["adding"])
    assert sorted(one.student for one in handed) == sorted(names)
    assert told == []


@needs_fork
@pytest.mark.integration
def test_what_holds_nothing_of_the_course_costs_nothing_beside_it(lessons, tmp_path):
    right = json.dumps({"cells": solved(lessons), "metadata": {}})
    put(tmp_path / "ann/adding.ipynb", right)
    put(tmp_path / "ann/Untitled.ipynb", '{"cells": []}')
    put(tmp_path / "bob/adding.py", f"{ADD}\n\n\n{DOUBLE}\n")
    put(tmp_path / "bob/notes.md", "# What I tried\n")
    put(tmp_path / "cat/Untitled.ipynb", '{"cells": []}')
    put(tmp_path / "dan/adding.ipynb", right)
    put(tmp_path / "dan/plotting.ipynb", "{")  # it may be the other lesson's
    settings = Settings(jobs=1, unsafe=bool(sandbox.missing()))
    outcome = grade_all(tmp_path, lessons, settings, Listener())
    assert {*points(tmp_path).values()} == {5.0} and len(points(tmp_path)) == 3
    noted = [str(one.path.relative_to(tmp_path)) for one in outcome.notes]
    assert noted == ["ann/Untitled.ipynb", "bob/notes.md"]
    refused = [str(one.path.relative_to(tmp_path)) for one in outcome.refused]
    assert refused == ["cat/Untitled.ipynb", "dan/plotting.ipynb"]


def test_a_second_download_looks_like_the_first():
    def file(student):
        return SubmittedFile(student, tmp / student, None, "key")

    from pathlib import Path

    tmp = Path("room")
    pairs = ("ann (1)", "bob - Copy", "cat - Copy (2)", "eve copy 2", "李雷 - 副本")
    names = ["ann", "bob", "cat", "eve", "李雷", *pairs, "dan (1)", "dana"]
    notes = intake.lookalikes([file(name) for name in names])
    assert all(isinstance(one, Note) for one in notes) and len(notes) == 5


EXPORTS = {
    "nbconvert": lambda code: (
        "# coding: utf-8\n\n\n"
        + "\n\n\n".join(f"# In[{n}]:\n\n\n{one}" for n, one in enumerate(code))
    ),
    "Colab": lambda code: '"""Adding\n\nText."""\n\n' + "\n\n".join(code),
    "Databricks": lambda code: (
        "# Databricks notebook source\n" + "\n\n# COMMAND ----------\n\n".join(code)
    ),
}


@pytest.mark.parametrize("program", EXPORTS)
def test_nothing_false_is_said_of_checks_in_exported_code(lessons, tmp_path, program):
    code = [c["source"] for c in solved(lessons) if c["cell_type"] == "code"]
    path = put(tmp_path / "mine.py", EXPORTS[program](code))
    (remark,) = read(path, lessons).remarks
    assert "handed in as text" in remark


@pytest.mark.parametrize("fence", ["~~~python", "``` {.python .input}", "```py"])
def test_code_in_markdown_is_found_under_every_usual_fence(lessons, tmp_path, fence):
    end = fence[:3]
    text = "\n\n".join(f"{fence}\n{one}\n{end}" for one in (ADD, DOUBLE))
    book = read(put(tmp_path / "mine.md", f"# Mine\n\n{text}\n"), lessons).book
    assert {ADD, DOUBLE} <= {one.source for one in book.cells}
