"""One's own work is graded, whatever state the file is in."""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
from pathlib import Path

import nbformat
import pytest

from bmkit.course.build import notebooks, release
from bmkit.course.grade import feedback
from bmkit.course.grade.notebook_file import NotGradable
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.grade.session import CannotGrade, grade
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import read
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.source.catalog import Course
from tests import ROOT

# Our own work: where there is no sandbox it is graded without.
SETTINGS = Settings(unsafe=bool(sandbox.missing()))
RIGHT = "def add(a, b):\n    return a + b"


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny") / "course"
    shutil.copytree(ROOT / "tests" / "course", root)
    return Course(root).lessons()


@pytest.fixture
def book(lessons):
    made = copy.deepcopy(release.learner_notebook(lessons[0]))
    answer(made, RIGHT)
    return made


def answer(book, code: str) -> None:
    cell(book, "add").source = code


def cell(book, name: str):
    return next(c for c in book.cells if c["id"] == name)


def submit(book, lessons, tmp_path: Path):
    path = tmp_path / "mine.ipynb"
    path.write_text(notebooks.dumps(book), encoding="utf-8")
    return read(path, lessons)


def points(book, lessons, tmp_path: Path):
    result = grade(submit(book, lessons, tmp_path), SETTINGS)
    return result.points, result


@pytest.mark.integration
def test_right_work_gets_its_points_though_it_warns(book, lessons, tmp_path):
    answer(book, RIGHT.replace("    ", "    import warnings; warnings.warn('x'); "))
    earned, result = points(book, lessons, tmp_path)
    assert earned == result.of == 2
    assert "<html" in feedback.page(result)


@pytest.mark.integration
def test_wrong_work_is_told_in_words_with_a_hint(book, lessons, tmp_path):
    answer(book, RIGHT.replace("+", "*"))
    earned, result = points(book, lessons, tmp_path)
    assert earned == 0
    assert result.marks[0].message == "expected 3, got 2: did you add?"
    assert "operator" in result.marks[0].hint


@pytest.mark.integration
def test_a_notebook_that_ends_its_process_gets_a_line_not_a_traceback(
    book, lessons, tmp_path
):
    answer(book, "import os\nos._exit(0)")
    earned, result = points(book, lessons, tmp_path)
    assert earned == 0
    assert "ended itself with status 0" in result.person[-1]
    assert result.marks[0].message.startswith("not judged: before it")


@pytest.mark.integration
def test_a_deleted_and_an_edited_check_are_run_all_the_same(book, lessons, tmp_path):
    answer(book, RIGHT.replace("+", "*"))
    cell(book, "check-add").source = "pass"
    assert points(book, lessons, tmp_path)[0] == 0
    book.cells = [c for c in book.cells if c["id"] != "check-add"]
    earned, result = points(book, lessons, tmp_path)
    assert earned == 0
    assert result.remarks == ["add: its check was deleted; it is run all the same"]


@pytest.mark.integration
def test_without_a_sandbox_nothing_runs_unless_asked(
    book, lessons, tmp_path, monkeypatch
):
    submission = submit(book, lessons, tmp_path)
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(CannotGrade, match=r"bubblewrap.*--unsafe"):
        grade(submission, Settings())
    assert grade(submission, Settings(unsafe=True)).points == 2


@pytest.mark.slow
@pytest.mark.integration
def test_without_forks_nbgraders_own_machinery_grades(
    book, lessons, tmp_path, monkeypatch
):
    answer(book, RIGHT.replace("+", "*"))
    submission = submit(book, lessons, tmp_path)
    monkeypatch.setattr(forkserver_client, "supported", lambda: False)
    verdict = grade(submission, Settings(unsafe=True))
    assert verdict.points == 0
    assert verdict.marks[0].message == "expected 3, got 2: did you add?"
    assert "expected 3" in verdict.notebook


def sources(submission) -> dict[str, str]:
    """Source by grade id, and that each graded cell is there once."""
    found: dict[str, str] = {}
    for one in submission.book.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id")
        if name:
            assert name not in found
            found[name] = one.source
    return found


def test_a_duplicated_cell_counts_once(book, lessons, tmp_path):
    place = book.cells.index(cell(book, "add"))
    book.cells.insert(place + 1, copy.deepcopy(book.cells[place]))
    book.cells[place + 1].source = "def add(a, b):\n    return b + a"
    submission = submit(book, lessons, tmp_path)
    assert sources(submission)["add"] == "def add(a, b):\n    return b + a"
    assert "2 times" in submission.remarks[0]


def test_lost_metadata_is_found_again_by_name(book, lessons, tmp_path):
    for one in book.cells:
        one.metadata = {}
    book.metadata = {}
    submission = submit(book, lessons, tmp_path)
    assert submission.lesson.slug == "adding"
    assert sources(submission)["add"] == RIGHT


def test_a_missing_answer_counts_as_not_done(book, lessons, tmp_path):
    book.cells = [c for c in book.cells if c["id"] != "add"]
    submission = submit(book, lessons, tmp_path)
    assert "NotImplementedError" in sources(submission)["add"]
    assert "missing" in submission.remarks[0]


@pytest.mark.integration
def test_points_written_by_the_learner_do_not_count(book, lessons, tmp_path):
    cell(book, "check-add").metadata["nbgrader"]["points"] = 100
    submission = submit(book, lessons, tmp_path)
    ours = next(c for c in submission.book.cells if c["id"] == "check-add")
    assert ours.metadata["nbgrader"]["points"] == 2


def test_the_learners_own_cells_are_kept(book, lessons, tmp_path):
    place = book.cells.index(cell(book, "add"))
    from nbformat.v4 import new_code_cell

    book.cells.insert(place, new_code_cell("helper = 1"))
    submission = submit(book, lessons, tmp_path)
    assert "helper = 1" in [c.source for c in submission.book.cells]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("no json", "its content is not JSON"),
        ('{"cells": [\n{"source": "a', "ends too early"),
        ('{"cells": []', "ends too early"),
        ('{"cells": [}, {}]', r"the JSON is broken \(line 1\)"),
        ('{"cells": [\n<<<<<<< HEAD\n]}', "a merge conflict"),
        ("<!DOCTYPE html><p>x", "a web page"),
        ("  <html>", "a web page"),
        ("%PDF-1.7 x", "a PDF"),
        ("PK\x03\x04", "an archive"),
        ("version https://git-lfs.github.com/spec/v1\noid x", "git lfs pull"),
        ("def other():\n    pass", "a Python file"),
        ("# %%\nx = 1", "a Python file"),
        (json.dumps({"cells": [{"source": "x"}] * 5001}), "5001 cells"),
        (json.dumps({"cells": [{}] * 5001}), "not of this course"),
        (
            json.dumps({"cells": [{"cell_type": "code", "source": "x" * 2_000_001}]}),
            "characters of code",
        ),
        ("[" * 100_000, "the JSON is broken"),
        ("[]", "it has no cells"),
        ('{"cells": 3}', "it has no cells"),
        ('{"cells": [1, {"cell_type": "code"}]}', "not of this course"),
        ('{"cells": [], "metadata": {"bmkit": {"slug": "x"}}}', "lesson 'x'"),
    ],
)
def test_wrong_files_get_one_clear_line(text, says, lessons, tmp_path):
    path = tmp_path / "wrong.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotGradable, match=says) as caught:
        read(path, lessons)
    assert "\n" not in str(caught.value)


def test_missing_folder_and_binary(lessons, tmp_path):
    for make, says in (
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "a folder"),
    ):
        path = tmp_path / says.replace(" ", "-")
        make(path)
        with pytest.raises(NotGradable, match=says):
            read(path, lessons)
    path = tmp_path / "picture.ipynb"
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(NotGradable, match="UTF-8"):
        read(path, lessons)


def test_no_pipe_is_waited_for_and_no_device_read(lessons, tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "zero.ipynb").symlink_to("/dev/zero")
    for name in ("pipe.ipynb", "zero.ipynb"):
        with pytest.raises(NotGradable, match="not a file"):
            read(tmp_path / name, lessons)


PERCENT = f"# %% [markdown]\n# # Adding\n\n# %%\nimport bmkit as bm\n\n# %%\n{RIGHT}\n"
LIGHT = f"# # Adding\n\nimport bmkit as bm\n\n{RIGHT}\n\nadd(1, 2)\n"
SCRIPT = (
    f"#!/usr/bin/env python\n# In[1]:\n\nimport bmkit as bm\n# In[2]:\n\n\n{RIGHT}\n"
)
MARKDOWN = f"# Adding\n\n```python\n{RIGHT}\n```\n\nAnd so on.\n"
MYST = f"---\nkernelspec:\n  name: python3\n---\n\n```{{code-cell}}\n{RIGHT}\n```\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("a.py", PERCENT), ("a.py", LIGHT), ("a.py", SCRIPT), ("a.py", RIGHT)),
        *(("a.md", MARKDOWN), ("a.md", MYST), ("a.ipynb", PERCENT)),
    ],
)
def test_a_notebook_as_text_is_taken(name, text, lessons, tmp_path):
    path = tmp_path / "copy"
    path.write_text(text, encoding="utf-8")
    submission = read(path, lessons, name=name)
    assert sources(submission)["add"] == RIGHT
    assert "handed in as text" in submission.remarks[0]


def test_wide_text_of_windows_is_read(book, lessons, tmp_path):
    path = tmp_path / "wide.ipynb"
    path.write_text(notebooks.dumps(book), encoding="utf-16")
    assert sources(read(path, lessons))["add"] == RIGHT


def test_old_and_unknown_formats_are_read(book, lessons, tmp_path):
    import json

    data = json.loads(notebooks.dumps(book))
    data["nbformat"] = 99
    path = tmp_path / "future.ipynb"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert sources(read(path, lessons))["add"] == RIGHT
    old = {"nbformat": 3, "metadata": data["metadata"], "worksheets": [{"cells": []}]}
    for one in data["cells"]:
        sheet = {"cell_type": one["cell_type"], "metadata": one["metadata"]}
        sheet["input" if one["cell_type"] == "code" else "source"] = one["source"]
        old["worksheets"][0]["cells"].append(sheet)
    path.write_text(json.dumps(old), encoding="utf-8")
    assert sources(read(path, lessons))["add"] == RIGHT


NONE = math.nan, -math.inf, 1e308, 10**400


def test_a_verdict_has_a_version_and_unknown_fields_do_no_harm():
    mark = Mark("add", 1.0, 2.0, message="almost")
    verdict = Verdict("ann", "adding", "zh", marks=[mark], person=["look"], seconds=3)
    assert Verdict.loads(verdict.dumps()) == verdict
    written = json.loads(verdict.dumps())
    assert written["version"] == 1
    written["marks"][0]["colour"] = written["colour"] = "red"
    assert Verdict.loads(json.dumps(written)) == verdict
    del written["version"]  # as bmkit wrote it before there was one
    assert Verdict.loads(json.dumps(written)).version == 0
    assert Verdict.loads('{"student": "ann", "slug": "adding"}').marks == []
    ours = json.loads(verdict.dumps())
    for other in (
        *({}, [], None, 3, {**ours, "version": 2}, {**ours, "marks": [{}]}),
        *({**ours, "marks": 3}, {**ours, "person": "me"}, {**ours, "notebook": "{"}),
        *({**ours, "late": math.inf}, {**ours, "percent": math.nan}),
        *({**ours, "marks": [{**ours["marks"][0], "points": n}]} for n in NONE),
    ):
        with pytest.raises(ValueError):
            Verdict.loads(json.dumps(other))


ASKS = "for _ in range(5):\n    bm.answer('add')"


@pytest.mark.integration
@pytest.mark.parametrize(
    "asks", [ASKS, f"import os\nos.environ.pop('BMKIT_GRADING', None)\n{ASKS}"]
)
def test_an_answer_that_is_asked_for_while_it_is_graded_is_none(
    book, lessons, tmp_path, asks
):
    if "environ" in asks and sandbox.missing():
        pytest.skip("outside a sandbox the course's sources can be read")
    answer(book, "def add(a, b):\n    raise NotImplementedError()")
    place = next(n for n, c in enumerate(book.cells) if c["id"] == "add")
    book.cells.insert(place + 1, nbformat.v4.new_code_cell(asks))
    got, result = points(book, lessons, tmp_path)
    assert got == 0
    assert "not written yet" in result.marks[0].message
