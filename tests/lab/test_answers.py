"""`bm.answer`: hints first, then the reference, which runs and gives no points."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bmkit.course.build import release
from bmkit.course.cli import main as command
from bmkit.course.source.catalog import Course
from bmkit.lab import progress
from tests.lab.test_unwritten import STUB, shell

ASK = "bm.answer('add')"
CHECK = "bm.check('add')"


@pytest.fixture
def learner(course, tmp_path):
    """What a learner's environment has, with the tiny course, and no notebook there."""
    home = course / "lessons" / "en" / "01-first"
    home.mkdir(parents=True)
    lesson = Course(course).lessons()[0]
    path = home / "01-adding.ipynb"
    path.write_text(release.learner_text(lesson), encoding="utf-8")
    record = tmp_path / "progress.json"
    return {"BMKIT_COURSE": str(course), "BMKIT_PROGRESS": str(record)}


def entry(learner):
    with open(learner["BMKIT_PROGRESS"], encoding="utf-8") as file:
        return json.load(file)["adding"]["add"]


def test_hints_come_first_then_the_answer_runs_without_points(learner):
    rows = shell(
        STUB, ASK, ASK, "print(add(20, 22))", CHECK, "bm.progress()", **learner
    )
    assert "Hint 1 of 1: Python has an operator for it." in rows[1]["said"]
    assert "the last hint" in rows[1]["said"]
    assert "secret_sum = a + b" in rows[2]["said"] and "SOLUTION" not in rows[2]["said"]
    assert rows[3]["said"] == "42\n"
    assert "right. Its answer was shown, so it gives no points" in rows[4]["said"]
    assert "◐ answer shown" in rows[5]["said"] and "0 of 2 points" in rows[5]["said"]
    assert entry(learner)["answered"] and entry(learner)["attempts"] <= 1


def test_failed_attempts_have_shown_their_hints(learner):
    wrong = "def add(a, b):\n    return a * b"
    rows = shell(wrong, CHECK, ASK, "add(20, 22)", **learner)
    assert "Hint 1 of 1" in rows[1]["said"] and "secret_sum" in rows[2]["said"]
    assert "42" in rows[3]["said"]


def test_who_has_solved_it_keeps_their_own(learner):
    mine = "def add(a, b):\n    return b + a"
    rows = shell(mine, CHECK, ASK, "import inspect; inspect.getsource(add)", **learner)
    assert "✓ add: right. 2 of 2" in rows[1]["said"]
    assert "secret_sum" in rows[2]["said"] and "Yours stays" in rows[2]["said"]
    assert "b + a" in rows[3]["said"]
    assert "answered" not in entry(learner)


def test_stubs_count_no_attempt_and_use_up_no_hint(learner):
    rows = shell(STUB, CHECK, CHECK, CHECK, ASK, **learner)
    assert 'bm.answer("add") shows one hint' in rows[3]["said"]
    assert "Hint" not in rows[3]["said"] and "Hint 1 of 1" in rows[4]["said"]
    assert entry(learner)["attempts"] == 0


def test_there_is_no_answer_while_a_notebook_is_graded(learner):
    for grader in ({"NBGRADER_EXECUTION": "autograde"}, {"BMKIT_GRADING": "1"}):
        rows = shell(STUB, ASK, ASK, ASK, "add(1, 2)", **learner, **grader)
        assert "no answers while a notebook is graded" in rows[3]["said"]
        assert rows[4]["error"] == "NotImplementedError"


def test_a_copy_without_solutions_says_so(learner, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    (tmp_path / "course" / "lessons").rename(bare / "lessons")
    rows = shell(STUB, ASK, ASK, **{**learner, "BMKIT_COURSE": str(bare)})
    assert "The answer of add is not here" in rows[2]["said"]
    assert rows[2]["error"] is None and rows[2]["said"].count("\n") == 1


def test_the_verb_prints_the_answer_in_either_language(course, capsys):
    words = ["answer", "adding", "add", "--course", str(course)]
    assert command.main(words) == 0
    code = capsys.readouterr().out
    space: dict = {}
    exec(code, space)
    assert space["add"](20, 22) == 42 and "Return the sum" in code
    assert command.main([*words, "--lang", "zh"]) == 0
    assert "返回两数之和" in capsys.readouterr().out
    assert command.main(["answer", "adding", "ad", "--course", str(course)]) == 2
    assert "has no exercise 'ad'; it has: add" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.integration
def test_a_headless_run_may_ask_as_well_and_is_not_recorded(learner, tmp_path):
    import nbformat

    book = release.learner_notebook(Course(tmp_path / "course").lessons()[0])
    place = next(n for n, cell in enumerate(book.cells) if cell["id"] == "add")
    book.cells.insert(place + 1, nbformat.v4.new_code_cell(f"{ASK}\n{ASK}"))
    environ = {k: v for k, v in os.environ.items() if k != "BMKIT_PROGRESS"}
    path = tmp_path / "asks.ipynb"
    nbformat.write(book, path)
    words = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"]
    words += [str(path), "--output", "done"]
    env = {**environ, **learner}
    subprocess.run(words, cwd=tmp_path, env=env, check=True, timeout=120)
    done = nbformat.read(tmp_path / "done.ipynb", 4)
    shown = json.dumps(done.cells, ensure_ascii=False)
    assert "answer was shown, so it gives no points" in shown
    assert "Twenty and twenty-two is forty-two" in shown and '"error"' not in shown
    assert not os.path.exists(learner["BMKIT_PROGRESS"])


def test_the_table_of_progress_counts_answers_that_were_shown(
    course, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("BMKIT_PROGRESS", str(tmp_path / "progress.json"))

    def answered(entry):
        entry["answered"] = entry["passed"] = True

    progress.change("adding", "add", 2, answered)
    assert command.main(["progress", "--course", str(course)]) == 0
    said = capsys.readouterr().out
    assert "0/1" in said and "0/2" in said and "answers shown: 1" in said
