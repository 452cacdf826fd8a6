"""What users do wrong gets one line that says what, where and what to do; no traceback.

Each case was met by someone: `bmkit VERB: message` on stderr, the right exit code, and
nothing written where it should not be.
"""

from __future__ import annotations

import ast
import contextlib
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bmkit.course import log_file
from bmkit.course.build.notebooks import dumps, instructor_notebook
from bmkit.course.build.release import learner_notebook
from bmkit.course.cli import main as command
from bmkit.course.cli import progress
from bmkit.course.grade.judge import worker
from bmkit.course.kernels import sandbox
from bmkit.course.run import runner
from bmkit.course.source.catalog import Course
from tests import ROOT

linux = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")


@pytest.fixture
def here(monkeypatch, tmp_path, course) -> Path:
    """A folder with a course beside it, a file in the way, and a notebook."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "file").write_text("in the way", encoding="utf-8")
    (folder / "empty.ipynb").touch()
    monkeypatch.chdir(folder)
    yield folder
    log_file.end()


# name: the words, the exit code, what the one line says
CASES = {
    "run into a file": ("run adding --output file", 1, "run: file cannot be written"),
    "run, -5 seconds": ("run --limit -5", 2, "run: argument --limit: '-5' is not"),
    "run, no jobs": ("run -j 0", 2, "run: argument -j/--jobs: '0' is not"),
    "run, for ever": ("run --limit 1e300", 2, "run: argument --limit: '1e300' is not"),
    "run, a long seed": (f"run --seed {2**64}", 2, "--seed: '18446744073709551616' is"),
    "run, less than no seed": (
        "run --seed=-1",
        2,
        "--seed: '-1' is not a whole number",
    ),
    "run, no such profile": ("run --profile nonsense", 2, "invalid choice: 'nonsense'"),
    "run, no course": ("run --course file", 2, "run: file is no course"),
    "run, unknown lesson": ("run addin", 2, "run: no lesson is called 'addin'"),
    "run, no such device": ("run --device cuda", 1, "nvidia-smi finds no GPU here"),
    "build into a file": ("build --nbgrader file", 1, "build: file cannot be written"),
    "build nowhere": ("build --nbgrader=", 2, "the folder's name is empty"),
    "grade into a file": (
        "grade empty.ipynb --feedback file",
        1,
        "grade: file cannot be written",
    ),
    "grade, no jobs": ("grade --all . -j 0", 2, "argument -j/--jobs: '0' is not"),
    "grade, no memory": ("grade --all . --memory 0", 2, "argument --memory: '0'"),
    "grade, as a zip": ("grade --all . --export x.zip", 2, "'x.zip' does not end in"),
    "an option first": (
        "--course . list",
        2,
        "--course is an option of a command and stands after it: bmkit COMMAND",
    ),
    "grade nothing": ("grade", 2, "grade: name notebooks, or --all FOLDER"),
    "grade no folder": ("grade --all nowhere", 1, "nowhere: no such file or folder"),
    "lab without lessons": ("lab nowhere", 2, "lab: nowhere is no folder"),
    "no such data": ("data get nothing", 2, "there is no data set 'nothing'"),
    "an unknown option": ("list --colour", 2, "unrecognized arguments: --colour"),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_one_line_and_the_exit_code(here, course, monkeypatch, capsys, case):
    words, code, says = CASES[case]
    args = words.split()
    if "--course" not in args and args[0] not in ("data", "list"):
        args += ["--course", str(course)]
    if "nvidia-smi" in says and shutil.which("nvidia-smi"):
        pytest.skip("there is a GPU")
    before = sorted(here.iterdir())
    assert outcome(args) == code
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1, said
    assert said.startswith("bmkit")
    assert sorted(here.iterdir()) == before


def outcome(args: list[str]) -> int:
    """The command's exit code, whichever way it ends."""
    try:
        return command.main(args)
    except SystemExit as stop:
        return int(stop.code or 0)


@linux
@pytest.mark.parametrize("folder", ["/proc/x", "/proc/self", "/dev/null/x"])
@pytest.mark.parametrize("words", ["run adding --output", "build --nbgrader"])
def test_a_folder_that_takes_no_file_is_one_line(here, course, capsys, words, folder):
    assert outcome([*words.split(), folder, "--course", str(course)]) == 1
    said = capsys.readouterr().err
    assert f"{folder} cannot be written: " in said and said.count("\n") == 1


SHUT = "bwrap --dev-bind / / --ro-bind {course} {course} --unsetenv HOME --"


@pytest.mark.integration
@pytest.mark.skipif(bool(sandbox.missing()), reason="needs bubblewrap")
def test_a_course_that_cannot_be_written_is_run_and_read(course, tmp_path):
    """Its report goes elsewhere, by --output; what would be kept is not."""
    shut = [*SHUT.format(course=course).split(), sys.executable, "-m", "bmkit"]
    out = tmp_path / "out"
    for words, code, says in (
        (["run", "adding"], 1, f"{course}/.bmkit/report cannot be written: the file"),
        (["run", "adding", "--output", str(out)], 0, "1 of 1 lessons are good"),
        (["list"], 0, "adding"),
        (["progress"], 0, "0/2"),
        (["claims"], 0, "1 claims"),
        (["build"], 1, "the file system is read-only"),
    ):
        done = subprocess.run(
            [*shut, *words, "--course", str(course)],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        said = done.stdout + done.stderr
        assert (done.returncode, says in said) == (code, True), said
        assert "Traceback" not in said
    assert (out / "report.html").is_file()


def test_every_error_of_every_source_is_told_and_the_others_run(
    course, adding, monkeypatch, capsys
):
    """A wrong lesson fails alone, in the table, on stderr and in the report."""
    text = adding.read_text(encoding="utf-8")
    wrong = text.replace("Adding is the first", "Adding was the first")
    wrong = wrong.replace("a + b\n    return", "a +* b\n    return")
    adding.write_text(wrong, encoding="utf-8")
    header = adding.with_name("02-header.py")
    header.write_text(text.replace("data: []", "data: [x, y]"), encoding="utf-8")
    adding.with_name("03-folder.py").mkdir()
    marked = adding.with_name("04-mark.py")
    marked.write_bytes(b"\xef\xbb\xbf" + text.encode())

    def fails(lesson, lang):
        if lesson.slug == "plotting":
            raise KeyError("no such thing")
        return instructor_notebook(lesson, lang)

    monkeypatch.setattr(runner, "instructor_notebook", fails)
    report = course / ".bmkit" / "report" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("an earlier run", encoding="utf-8")
    assert command.main(["run", "--course", str(course)]) == 1
    said = capsys.readouterr()
    lines = [
        "adding: failed: {}/01-adding.py:17: stale translation",
        "adding: failed: {}/01-adding.py:47: not Python: invalid syntax",
        "header: failed: {}/02-header.py:7: data: bmkit has no card datasets/x.toml",
        "header: failed: {}/02-header.py:7: data: bmkit has no card datasets/y.toml",
        "folder: failed: {}/03-folder.py:1: it is a folder",
        "mark: failed: {}/04-mark.py:1: begins with a byte-order mark",
        "plotting: failed: bmkit cannot build this lesson, an error of bmkit's own",
    ]
    page = report.read_text(encoding="utf-8")
    for line in lines:
        line = line.format(adding.parent)
        assert f"\n{line}" in f"\n{said.err}"
        assert line.partition("failed: ")[2].replace("'", "&#39;") in page
    assert said.out.count("✗") == 5 and "0 of 5 lessons are good" in said.out
    log_file.end()


def test_no_report_stays_where_a_run_ends_with_an_error(course, monkeypatch, capsys):
    report = course / ".bmkit" / "report"
    report.mkdir(parents=True)
    for name in ("report.html", "report.json", "junit.xml"):
        (report / name).write_text("an earlier run", encoding="utf-8")

    def fails(*_):
        raise KeyError("no such thing")

    monkeypatch.setattr(runner, "run", fails)
    assert command.main(["run", "--course", str(course)]) == command.OUR_FAULT
    assert list(report.iterdir()) == []
    log_file.end()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write all")
def test_a_folder_without_permission_is_one_line(here, course, capsys):
    (here / "shut").mkdir(mode=0o500)
    words = ["build", "--nbgrader", "shut/new", "--course", str(course)]
    assert outcome(words) == 1
    assert "permission denied" in capsys.readouterr().err


def test_no_scheduler_is_told_even_when_nothing_has_changed(here, course, capsys):
    """With no lesson to run there is nothing to send to it."""
    pytest.importorskip("distributed")
    words = f"run --course {course} --cluster nonsense --profile ci".split()
    solutions = Course(course).solutions
    for path in solutions.glob("*/*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("extras: []", "extras: [nothere]"), "utf-8")
    assert outcome(words) == 1
    said = capsys.readouterr().err
    assert "no Dask scheduler answers at nonsense" in said


def test_a_broken_record_of_progress_is_one_line(here, monkeypatch, capsys):
    text = "{broken"  # one in another shape is read as far as it goes
    (here / "progress.json").write_text(text, encoding="utf-8")
    monkeypatch.setenv("BMKIT_PROGRESS", str(here / "progress.json"))
    assert command.main(["progress"]) == 1
    said = capsys.readouterr().err
    assert "progress.json: it is not in the form" in said and said.count("\n") == 1
    assert (here / "progress.json").read_text(encoding="utf-8") == text


@pytest.mark.integration
def test_feedback_that_cannot_be_written_costs_no_grade(here, course, capsys):
    """A page is written beside the file; here a folder has its name."""
    book = dumps(learner_notebook(Course(course).lessons()[0]))
    for name in ("one", "two"):
        (here / f"{name}.ipynb").write_text(book, encoding="utf-8")
    (here / "one.feedback.html" / "inside").mkdir(parents=True)
    words = ["grade", "one.ipynb", "two.ipynb", "--course", str(course)]
    words += ["--unsafe"] if sandbox.missing() else []
    assert command.main(words) == 1
    said = capsys.readouterr()
    assert said.out.count("0 of") == 2
    assert said.err.count("\n") == 1
    assert "one.feedback.html cannot be written: it is a folder" in said.err
    assert (here / "two.feedback.html").is_file()


def test_a_card_that_is_not_there_is_a_problem_of_the_source(course, adding, capsys):
    text = adding.read_text(encoding="utf-8")
    adding.write_text(text.replace("data: []", "data: [nothing]"), encoding="utf-8")
    assert command.main(["build", "--check", "--course", str(course)]) == 1
    said = capsys.readouterr().err
    assert f"{adding}:7: data: bmkit has no card datasets/nothing.toml" in said


@linux
@pytest.mark.parametrize("name", ["/proc/self/mem", "letter"])
def test_a_document_that_cannot_be_read_is_named(
    name, course, tmp_path, monkeypatch, capsys
):
    (tmp_path / "letter").write_bytes(b"\xff\xfe")
    path = tmp_path / name
    monkeypatch.setenv("BMKIT_DOCUMENT", str(path))
    assert command.main(["build", "--check", "--course", str(course)]) == 1
    assert f"bmkit build: {path}: " in capsys.readouterr().err


def test_what_is_no_file_is_told_as_that_and_in_one_line(here, capsys):
    (here / "a\nb").mkdir()
    names = [os.devnull, ".", "a\nb", "no\nwhere"]
    assert command.main(["stamp", *names]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"{os.devnull}: it is not a file",
        ".: it is not a file",
        "a\\nb: it is not a file",
        "no\\nwhere: no such file or folder",
    ]
    for words in (
        ["run", "--output", "file\nx/y"],
        ["list", "--course", "a\nb"],
        ["grade", "no\nwhere.ipynb"],
        ["lab", "no\nwhere"],
        ["list", "--course=a\nb", "--colour\nx"],
    ):
        (here / "file\nx").touch()
        with contextlib.suppress(SystemExit):
            command.main(words)
        said = capsys.readouterr()
        assert (said.out + said.err).count("\n") == 1, words


def test_a_source_of_other_bytes_is_a_problem_of_the_source(course, adding, capsys):
    adding.write_bytes(b"\xff\xfe")
    assert command.main(["list", "--course", str(course)]) == 1
    assert f"{adding}:1: it is not UTF-8 text" in capsys.readouterr().err


def test_a_failure_of_the_grader_leaves_its_traceback(
    course, tmp_path, monkeypatch, capsys
):
    """It costs the others nothing, and is not kept quiet."""
    room = tmp_path / "room"
    room.mkdir()
    book = dumps(learner_notebook(Course(course).lessons()[0]))
    (room / "ann.ipynb").write_text(book, encoding="utf-8")

    def fails(*_):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(worker, "judge_job", fails)
    words = ["grade", "--all", str(room), "--course", str(course)]
    assert command.main([*words, *(["--unsafe"] if sandbox.missing() else [])]) == 1
    said = capsys.readouterr().out
    assert "the grader failed on it (RuntimeError: no such thing)" in said
    log = (course / ".bmkit" / "log" / "bmkit.log").read_text(encoding="utf-8")
    assert "ann.ipynb" in log and "Traceback" in log and "in fails" in log
    log_file.end()


def test_our_own_fault_is_one_line_and_in_the_log(course, monkeypatch, capsys):
    def fails():
        raise KeyError("no such thing")

    monkeypatch.setattr(progress.progress, "load", fails)
    assert command.main(["progress", "--course", str(course)]) == command.OUR_FAULT
    said = capsys.readouterr().err
    log = course / ".bmkit" / "log" / "bmkit.log"
    assert said.count("\n") == 1
    assert "KeyError: 'no such thing'" in said and str(log) in said
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert (course / ".bmkit" / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert command.main(["progress", "-v", "--course", str(course)]) == 70
    assert "Traceback" in capsys.readouterr().err
    log_file.end()


def test_a_log_that_cannot_be_written_is_in_nobodys_way(course, monkeypatch, capsys):
    shutil.rmtree(course / ".bmkit", ignore_errors=True)
    (course / ".bmkit").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("BMKIT_PROGRESS", str(course))
    assert command.main(["progress", "--course", str(course)]) == 1
    said = capsys.readouterr().err
    assert "it is a folder" in said and said.count("\n") == 1
    log_file.end()


def test_the_log_stays_small(tmp_path):
    log_file.begin(tmp_path / ".bmkit" / "log")
    for number in range(40):
        logging.getLogger("bmkit.test").info("%d %s", number, "x" * 100_000)
    log_file.end()
    files = sorted((tmp_path / ".bmkit" / "log").iterdir())
    assert [path.name for path in files] == ["bmkit.log", "bmkit.log.1", "bmkit.log.2"]
    assert sum(path.stat().st_size for path in files) < 3.3e6
    assert "39 xxx" in files[0].read_text(encoding="utf-8")


def test_every_error_for_users_has_one_base():
    """Those that cross no border of the kit need none."""
    inner = {
        "PhraseError",  # becomes `Problem`s of a source
        "SetupFailed",  # before anything is installed: it has a base of its own
        *("Unfit", "SerializationError", "ProcessLost", "RemoteError"),
        *("Unread", "NoAnswer"),  # become lines of a file, and of a cell
    }
    found: dict[str, set[str]] = {}
    for path in (ROOT / "bmkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name] = {ast.unparse(base) for base in node.bases}
    wrong = {
        name
        for name, bases in found.items()
        if bases & {"Exception", "ValueError", "AssertionError", "RuntimeError"}
        and "BmkitError" not in bases
    }
    assert wrong - {"BmkitError"} == inner
