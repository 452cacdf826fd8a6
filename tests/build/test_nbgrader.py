"""Stock nbgrader takes our notebooks: every command, and the Validate button."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

from bmkit.course.build import nbgrader_course, notebooks, release
from bmkit.course.source import links
from bmkit.course.source.catalog import Course
from tests import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.integration]  # a cold kernel each step
SLUG = "adding"
ANSWER = "def add(a, b):\n    return a + b"


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny") / "course"
    shutil.copytree(ROOT / "tests" / "course", root)
    return Course(root).lessons()[0]


def answered(lesson, answer: str | None) -> nbformat.NotebookNode:
    """The learner's notebook with this answer; with None, the stub as it is."""
    book = release.learner_notebook(lesson)
    for cell in book.cells:
        if cell["id"] == "add" and answer is not None:
            cell.source = answer
    return book


def asking(lesson) -> nbformat.NotebookNode:
    """The learner's notebook, unwritten, that asks for the answer before the check."""
    book = answered(lesson, None)
    place = next(n for n, cell in enumerate(book.cells) if cell["id"] == "add")
    cell = nbformat.v4.new_code_cell("for _ in range(5):\n    bm.answer('add')")
    book.cells.insert(place + 1, cell)
    return book


def nbgrader(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nbgrader", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_generate_autograde_and_feedback(lesson, tmp_path):
    nbgrader_course.write(tmp_path, [lesson])
    done = nbgrader(tmp_path, "generate_assignment", SLUG)
    assert done.returncode == 0, done.stderr
    released = nbformat.read(tmp_path / "release" / SLUG / f"{SLUG}.ipynb", 4)
    ours = nbformat.reads(notebooks.dumps(release.learner_notebook(lesson)), 4)
    assert [c.source for c in released.cells] == [
        links.between_assignments(c.source, {SLUG}) for c in ours.cells
    ]
    assert [c.metadata for c in released.cells] == [c.metadata for c in ours.cells]

    handed_in = {
        "right": answered(lesson, ANSWER),
        "wrong": answered(lesson, ANSWER.replace("+", "*")),
        "unwritten": answered(lesson, None),
        "asking": asking(lesson),
    }
    for student, book in handed_in.items():
        home = tmp_path / "submitted" / student / SLUG
        home.mkdir(parents=True)
        nbformat.write(book, home / f"{SLUG}.ipynb")
    done = nbgrader(tmp_path, "autograde", SLUG)
    assert done.returncode == 0, done.stderr
    done = nbgrader(tmp_path, "generate_feedback", SLUG)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "feedback" / "right" / SLUG / f"{SLUG}.html").is_file()

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "bmkit") as book:
        points = {
            student: book.find_submission(SLUG, student).score for student in handed_in
        }
    assert points == {"right": 2, "wrong": 0, "unwritten": 0, "asking": 0}


def test_validate(lesson, tmp_path):
    path = tmp_path / "mine.ipynb"
    nbformat.write(answered(lesson, ANSWER), path)
    assert "Success" in nbgrader(tmp_path, "validate", path.name).stdout
    nbformat.write(answered(lesson, ANSWER.replace("+", "*")), path)
    assert "did you add?" in nbgrader(tmp_path, "validate", path.name).stdout
    nbformat.write(answered(lesson, None), path)
    assert "not written yet" in nbgrader(tmp_path, "validate", path.name).stdout


def test_the_validate_button(lesson, tmp_path):
    """JupyterLab's button posts to nbgrader's server extension; so does this."""
    nbformat.write(answered(lesson, ANSWER.replace("+", "*")), tmp_path / "mine.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--IdentityProvider.token=t", "--ip=127.0.0.1"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            base = f"http://127.0.0.1:{port}"
            reply = _post(f"{base}/assignments/validate?path=mine.ipynb")
        finally:
            server.terminate()
    assert reply["success"] is True
    assert "did you add?" in json.dumps(reply["value"])


def _post(url: str, patience: float = 60) -> dict[str, object]:
    headers = {"Authorization": "token t"}
    request = urllib.request.Request(url, method="POST", data=b"", headers=headers)
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(request, timeout=patience) as reply:
                return json.load(reply)
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
