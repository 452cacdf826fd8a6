"""From a wheel, in a bare folder, each verb works, or says that it needs a clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bmkit.course.build import my_lessons
from bmkit.course.kernels import sandbox
from bmkit.course.source.catalog import Course
from tests import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.integration]
SLUG, NAME = "welcome", "00-start/01-welcome.ipynb"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder that this bmkit's wheel is installed in."""
    home = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    offline = ["--no-deps", "--no-index"]
    words = [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(home), "."]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = home.glob("*.whl")
    words = [*pip, "install", *offline, "--target", str(home / "site"), str(wheel)]
    subprocess.run(words, check=True, capture_output=True)
    return home / "site"


@pytest.fixture
def bmkit(site, tmp_path, monkeypatch):
    """`bmkit` from the wheel, in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    env = {**os.environ, "PYTHONPATH": str(site)}
    env["BMKIT_PROGRESS"] = str(tmp_path / "progress.json")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bmkit", *words]
        return subprocess.run(
            command, cwd=here, env=env, capture_output=True, text=True, timeout=600
        )

    run.here, run.env = here, env
    before = {path for path in site.rglob("*") if "__pycache__" not in str(path)}
    yield run
    after = {path for path in site.rglob("*") if "__pycache__" not in str(path)}
    assert after == before, "nothing is written into the installed package"


def learners_copy(answers: dict[str, str] | None = None) -> str:
    """The learner's notebook of this checkout's lesson, with answers in it."""
    (lesson,) = Course(ROOT).pick([SLUG])
    book = json.loads(my_lessons.original(lesson, "en"))
    for cell in book["cells"]:
        if cell["id"] in (answers or {}):
            cell["source"] = answers[cell["id"]]
    return json.dumps(book)


@pytest.mark.parametrize(
    "words", ["test", "test -k nothing", "bench", "build", "build --check", "stamp"]
)
def test_what_needs_a_clone_says_so(bmkit, words):
    done = bmkit(*words.split())
    assert done.returncode == 2
    assert "needs a clone" in done.stderr and done.stderr.count("\n") == 1


def test_what_only_reads_works(bmkit):
    done = bmkit("list")
    assert done.returncode == 0 and SLUG in done.stdout
    assert list(bmkit.here.iterdir()) == []
    for words in ("progress", "data list", "claims loss"):
        done = bmkit(*words.split())
        assert (done.returncode, done.stderr) == (0, ""), words
        assert len(done.stdout.splitlines()) > 3


def test_lab_brings_the_lessons_here(bmkit):
    command = [sys.executable, "-m", "bmkit", "lab", "--no-browser", "--allow-root"]
    with subprocess.Popen(
        [*command, "--port", "0"], cwd=bmkit.here, env=bmkit.env, stdout=subprocess.PIPE
    ) as process:
        first = process.stdout.readline().decode()
        process.terminate()
    assert "lab/tree/en/start.md" in first and process.returncode == 0
    copy = bmkit.here / "my-lessons" / "en" / NAME
    assert json.loads(copy.read_text("utf-8")) == json.loads(learners_copy())
    inside = bmkit.here / "my-lessons" / "en"
    bmkit.here = inside  # from a folder inside, the same copies
    done = bmkit("lab", "--update", SLUG)
    assert "newest version" in done.stdout and not (inside / "my-lessons").exists()


def test_run_and_grade_work(bmkit):
    done = bmkit("run", "gradient-descent")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (bmkit.here / ".bmkit" / "report" / "report.html").is_file()
    right = {"count_parameters": "def count_parameters(sizes): return 1"}
    walls = ["--unsafe"] if sandbox.missing() else []
    (bmkit.here / "mine.ipynb").write_text(learners_copy(right), encoding="utf-8")
    done = bmkit("grade", "mine.ipynb", *walls)
    assert f"{SLUG}, 0 of 12 points" in done.stdout.replace("\n", " "), done.stderr
    room = bmkit.here / "room"
    room.mkdir()
    (bmkit.here / "mine.ipynb").rename(room / "ann.ipynb")
    if sys.platform == "linux":
        done = bmkit("grade", "--all", "room", *walls)
        assert "1 graded" in done.stdout and (room / "grades.csv").is_file()


def test_a_course_for_nbgrader_is_made(bmkit):
    done = bmkit("build", "--nbgrader", "ours")
    assert done.returncode == 0, done.stderr
    assert (bmkit.here / "ours" / "source" / SLUG / f"{SLUG}.ipynb").is_file()


# What a learner on Colab has: one notebook, in memory, and an installed bmkit.
ALONE = """
import nbformat, sys
from nbclient import NotebookClient
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(x) for x in [
    "import torch, bmkit as bm; lab = bm.start('welcome', profile='ci', lang='zh')",
    "def step(*_): return None",
    "bm.check('step')",
    *["bm.answer('step')"] * 3,
    "print(type(bm.data.load('news', lab)))",
    "bm.progress()",
]])
NotebookClient(book, kernel_name="python3", timeout=120).execute()
for cell in book.cells:
    for output in cell.outputs:
        print(output.get("text") or output.get("data", {}).get("text/plain"))
"""


def test_checks_and_data_come_along_where_no_notebook_lies(bmkit):
    env = {**bmkit.env, "BMKIT_COURSE": ""}
    words = [sys.executable, "-c", ALONE]
    done = subprocess.run(words, cwd=bmkit.here, env=env, capture_output=True)
    said = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert "✗ step" in said and "提示 1" in said  # the check, its hint
    assert "def step(" in said and "News" in said  # the answer, the data
    assert "count_parameters" in said.splitlines()[-1]  # what is open
    assert not list(bmkit.here.glob("*.ipynb"))


LOOK = """
import pathlib, bmkit
inside = pathlib.Path(bmkit.__file__).parent
print(inside, [str(x) for x in (inside / "_course").rglob("*")])
try:
    (inside / "_course" / "left.py").write_text("")
except OSError:
    print("read-only")
"""


@pytest.mark.skipif(bool(sandbox.missing()), reason="no sandbox here")
@pytest.mark.parametrize("runs", ["the wheel", "a clone beside it"])
def test_the_sandbox_hides_the_answers_of_a_wheel(site, runs):
    assert list((site / "bmkit" / "_course" / "solutions").rglob("*.py"))
    first = [str(ROOT)] if runs == "a clone beside it" else []
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*first, str(site)])}
    outer = (
        "import pathlib, subprocess, sys; from bmkit.course.kernels import sandbox; "
        f"shown = [pathlib.Path({str(site)!r})]; "
        f"words = sandbox.command([sys.executable, '-c', {LOOK!r}], share=shown); "
        f"env = sandbox.variables() | {{'PYTHONPATH': {str(site)!r}}}; "
        "subprocess.run(words, env=env, check=True)"
    )
    words = [sys.executable, "-c", outer]
    done = subprocess.run(words, env=env, cwd=site.parent, capture_output=True)
    said = done.stdout.decode().split()
    assert said == [str(site / "bmkit"), "[]", "read-only"], done.stderr
