"""Cells that need an unwritten exercise are passed over; every other error stops."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import nbformat
import pytest

from bmkit.lab.unwritten import PassedOver, is_stub

STUB = "def add(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
START = """import bmkit as bm
import torch
lab = bm.start("adding", device="cpu")"""


def raised(code: str, space: dict) -> Exception:
    with pytest.raises(Exception) as caught:
        exec(compile(code, "<cell>", "exec"), space)
    return caught.value


def passed(*cells: str) -> list[str | None]:
    """What each cell waits for: None where it ran, or an error that is its own."""
    space: dict = {}
    exec(STUB, space)
    over, found = PassedOver(), []
    for cell in cells:
        before = {name: id(value) for name, value in space.items()}
        try:
            exec(compile(cell, "<cell>", "exec"), space)
        except Exception as error:
            needs = over.needed(error, cell)
            if needs is not None:
                over.note(error, cell, needs, before, space)
            found.append(needs if needs is not None else type(error).__name__)
        else:
            over.made(cell)
            found.append(None)
    return found


def test_what_calls_a_stub_and_what_uses_its_names_is_passed_over():
    assert passed(
        "total = add(1, 2)",
        "print(total)",
        "def later():\n    return total",
        "later()",
        "other = 1",
        "print(other)",
    ) == ["add", "add", None, "add", None, None]


def test_names_that_a_cell_half_made_are_not_used():
    half = "losses = []\nfor n in range(3):\n    losses.append(add(n, 1))"
    assert passed(half, "losses[-1]", "losses = [1]", "losses[-1]") == [
        "add",
        "add",
        None,
        None,
    ]


def test_what_a_cell_had_finished_stays():
    cell = "start = [1]\nshare = 2\nprint(add(1, 2))\nlate = 3\nimport json"
    assert passed(cell, "start[0] + share", "late", "json") == [
        "add",
        None,
        "add",
        "add",
    ]


def test_things_that_a_cell_left_half_done_excuse_an_error():
    assert passed(
        "table = {'a': 1}",
        "table['b'] = add(1, 2)",
        "table['a']",
        "table['b']",
    ) == [None, "add", None, "add"]


@pytest.mark.parametrize(
    "cell, error",
    [
        ("1 / 0", "ZeroDivisionError"),
        ("print(nobody)", "NameError"),
        ("raise NotImplementedError('no kernel')", "NotImplementedError"),
        ("torch.softmax(torch.arange(3), 0)", "NotImplementedError"),
        ("def f():\n    x += 1\nf()", "UnboundLocalError"),
        ("[n for n in range(3)]\nn", "NameError"),
        ("assert add", "AssertionError"),
    ],
)
def test_a_real_error_stays_one(cell, error):
    if error == "AssertionError":
        cell = "assert False"
    imported = "import torch" if "torch" in cell else "pass"
    assert passed("total = add(1, [n for n in range(2)])", imported, cell)[-1] == error


def test_a_stub_is_known_behind_what_it_caused():
    code = "try:\n    add(1, 2)\nexcept NotImplementedError as e:\n    raise ValueError"
    assert passed(code) == ["add"]


def test_a_stub_is_no_error_of_pytorch():
    import torch

    class Net(torch.nn.Module):
        pass

    with pytest.raises(NotImplementedError) as caught:
        Net()(1)
    assert not is_stub(caught.value)


def shell(*cells: str, **variables: str) -> list[dict]:
    """What each cell came to in a plain IPython: its error, and what was printed."""
    code = f"""
import contextlib, io, json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
rows = []
for cell in {[START, *cells]!r}:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        result = shell.run_cell(cell)
    error = result.error_in_exec
    row = {{"error": type(error).__name__ if error else None, "said": out.getvalue()}}
    rows.append(row)
print("ROWS" + json.dumps(rows))
"""
    environ = {k: v for k, v in os.environ.items() if k != "JPY_SESSION_NAME"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**environ, **variables},
    )
    return json.loads(done.stdout.rpartition("ROWS")[2])[1:]


def test_a_stub_is_a_sign_for_a_learner_and_an_error_for_a_grader(tmp_path):
    record = {"BMKIT_PROGRESS": str(tmp_path / "progress.json")}
    cells = [STUB, "total = add(1, 2)", "total", "raise NotImplementedError('none')"]
    learner = shell(*cells, **record)
    assert [row["error"] for row in learner] == [None] * 3 + ["NotImplementedError"]
    assert "○ add is not written yet. This cell needs it." in learner[1]["said"]
    assert "○ add is not written yet. This cell needs it." in learner[2]["said"]
    assert "Traceback" in learner[3]["said"]
    for grader in ({"NBGRADER_EXECUTION": "autograde"}, {"BMKIT_GRADING": "1"}):
        rows = shell(*cells[:3], **record, **grader)
        assert [row["error"] for row in rows[1:]] == [
            "NotImplementedError",
            "NameError",
        ]
        assert "✗ not written yet" in rows[1]["said"]
        assert "Traceback" not in rows[1]["said"]


def test_a_raise_that_was_left_above_written_code_is_a_mistake(tmp_path):
    record = {"BMKIT_PROGRESS": str(tmp_path / "progress.json")}
    left = "def add(a, b):\n    raise NotImplementedError()\n    return a + b"
    rows = shell(left, "add(1, 2)", STUB, "add(1, 2)", **record)
    assert rows[1]["error"] == "NotImplementedError"
    assert rows[1]["said"].startswith("✗ add: line 2 still raises NotImplementedError")
    assert "Traceback" not in rows[1]["said"] and "not written" not in rows[1]["said"]
    assert "○ add is not written yet" in rows[3]["said"] and not rows[3]["error"]


@pytest.mark.parametrize("magic", ["%%time", "%%capture out"])
def test_a_stub_below_a_magic_is_one(tmp_path, magic):
    record = {"BMKIT_PROGRESS": str(tmp_path / "progress.json")}
    check = (
        "@bm.expect.at_once('add')\ndef _check():\n    bm.expect.equal(add(1, 2), 3)"
    )
    rows = shell(f"{magic}\n{STUB}", check, f"{magic}\nx = add(1, 2)", "x", **record)
    assert [row["error"] for row in rows] == [None] * 4
    for row in rows[1:2] + rows[3:]:
        assert "○ add is not written yet" in row["said"]


def test_a_figure_that_a_passed_over_cell_began_is_closed(tmp_path):
    record = {"BMKIT_PROGRESS": str(tmp_path / "progress.json"), "MPLBACKEND": "agg"}
    cells = [
        "from matplotlib import pyplot as plt\nfirst = plt.figure()",
        "fig, ax = plt.subplots()\nax.plot([add(1, 2)])",
        "print(plt.get_fignums() == [first.number])",
    ]
    rows = shell(STUB, *cells, **record)
    assert "○ add" in rows[2]["said"] and rows[3]["said"] == "True\n"


def test_cells_from_before_an_exercise_was_written_are_to_be_run_again(tmp_path):
    record = {"BMKIT_PROGRESS": str(tmp_path / "progress.json")}
    written = "def add(a, b):\n    return a + b"
    call = "total = add(1, 2)"
    rows = shell(STUB, call, written, "total", call, "total", **record)
    assert "Run the cells above once more" in rows[3]["said"]
    assert rows[5] == {"error": None, "said": "3"} or "3" in rows[5]["said"]


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.parametrize("slug", ["welcome", "attention"])
def test_run_all_of_a_fresh_lesson_meets_no_error(slug, tmp_path):
    """nbconvert and papermill stop at an error output, or at a reply that has one."""
    import papermill

    from bmkit.course.build import notebooks, release
    from tests.course_lessons import LESSONS

    book = release.learner_notebook(LESSONS[slug])
    fresh, done = tmp_path / "fresh.ipynb", tmp_path / "done.ipynb"
    fresh.write_text(notebooks.dumps(book), encoding="utf-8")
    papermill.execute_notebook(
        *map(str, (fresh, done)),
        parameters={"profile": "ci", "device": "cpu"},
        progress_bar=False,
        cwd=str(tmp_path),
    )
    cells = [c for c in nbformat.read(done, 4).cells if c.cell_type == "code"]
    outputs = [out for cell in cells for out in cell.outputs]
    assert not [out for out in outputs if out.output_type == "error"]
    told = cells[-1].outputs[0].data["text/plain"]
    points = sum(book.metadata["bmkit"]["exercises"].values())
    assert f"0 of {points} points. Still open:" in told
    assert all(name in told for name in book.metadata["bmkit"]["exercises"])


@pytest.mark.slow
@pytest.mark.integration
def test_only_a_person_leaves_a_record_and_a_real_error_stops(tmp_path):
    """A front end says with each cell whether someone can be asked."""
    from jupyter_client.manager import start_new_kernel

    from bmkit.course.build import release
    from bmkit.course.source.catalog import Course
    from tests import ROOT

    lesson = Course(ROOT / "tests" / "course").lessons()[0]
    path = tmp_path / "mine.ipynb"
    path.write_text(release.learner_text(lesson), encoding="utf-8")
    check = next(
        c for c in release.learner_notebook(lesson).cells if "check" in c["id"]
    )
    record = tmp_path / "progress.json"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("BMKIT_")}
    environ |= {"BMKIT_PROGRESS": str(record), "JPY_SESSION_NAME": str(path)}
    manager, client = start_new_kernel(env=environ, cwd=str(tmp_path))
    wrong = "def add(a, b):\n    return a * b"

    def run(*cells: str, person: bool) -> list[str]:
        return [
            client.execute_interactive(
                cell, allow_stdin=person, output_hook=lambda _: None, timeout=60
            )["content"]["status"]
            for cell in cells
        ]

    try:
        assert run(START, wrong, check.source, person=False)[1:] == ["ok", "error"]
        assert not record.exists()
        assert run(STUB, check.source, check.source, person=True) == ["ok"] * 3
        assert not record.exists()
        assert run(wrong, check.source, "1 / 0", person=True) == [
            "ok",
            "error",
            "error",
        ]
        entry = json.loads(record.read_text(encoding="utf-8"))["adding"]["add"]
        assert entry == {"points": 2, "passed": False, "attempts": 1}
        assert run(STUB, "x = add(1, 2)", "x", person=True) == ["ok"] * 3
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
