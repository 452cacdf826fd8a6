"""One lesson's failure, in its source too, stops no other: it is told, and the code 1.

The tiny course's second lesson is broken; the first must work everywhere.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bmkit.course import log_file
from bmkit.course.build.notebooks import dumps
from bmkit.course.build.release import learner_notebook
from bmkit.course.cli import main as command
from bmkit.course.kernels import sandbox
from bmkit.course.source.catalog import Course

WRONG = {
    "header": ("# needs: [adding]", "# needs: [", ":8: the header is not valid YAML"),
    "translation": ("# time → 时间\n", "", "no Chinese"),
}
# An exercise without points or a check: there is nothing to grade by.
NOTHING = '# time → 时间\n\n# %% exercise="double"\ndef double(x):\n    return 2 * x\n'
ALL = {**WRONG, "exercise": ("# time → 时间\n", NOTHING, "double")}


@pytest.fixture
def broken(course: Path, request: pytest.FixtureRequest) -> tuple[Path, str, str]:
    """The course, a notebook of its sound lesson, and what is said of the other."""
    book = dumps(learner_notebook(Course(course).lessons()[0]))
    (course / "mine.ipynb").write_text(book, encoding="utf-8")
    before, after, said = ALL[request.param]
    path = course / "solutions" / "02-second" / "01-plotting.py"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    yield course, request.param, said
    log_file.end()


def both(test):
    return pytest.mark.parametrize("broken", WRONG, indirect=True)(test)


@both
def test_the_lists_go_on(broken, capsys, monkeypatch):
    course, kind, said = broken
    monkeypatch.setenv("BMKIT_PROGRESS", str(course / "none.json"))
    for verb in ("list", "progress"):
        assert command.main([verb, "--course", str(course)]) == (kind == "header")
        out, err = capsys.readouterr()
        assert "Adding" in out and ("Plotting" in out) == (kind != "header")
        assert (said in err) == (kind == "header")
    assert command.main(["build", "--check", "--course", str(course)]) == 1


@both
@pytest.mark.integration
def test_the_others_run(broken, capsys):
    course, kind, said = broken
    assert command.main(["run", "--course", str(course), "-j", "1"]) == 1
    out, err = capsys.readouterr()
    assert "1 of 2 lessons are good" in out
    assert "plotting: failed: " in err and said in err
    report = course / ".bmkit" / "report"
    rows = json.loads((report / "report.json").read_text(encoding="utf-8"))["lessons"]
    found = {row["slug"]: row for row in rows}
    assert found["adding"]["status"] == "passed"
    assert found["plotting"]["status"] == "failed"
    assert said in found["plotting"]["message"]
    assert said in (report / "report.html").read_text(encoding="utf-8")
    failures = ElementTree.parse(report / "junit.xml").findall("testcase/failure")
    (failure,) = failures
    assert said in failure.get("message") and said in failure.text
    # By name: the sound one, told of the header; and the broken one.
    assert command.main(["run", "adding", "--course", str(course)]) == (
        kind == "header"
    )
    out, err = capsys.readouterr()
    assert "1 of 1 lessons are good" in out
    assert (said in err) == (kind == "header")
    assert command.main(["run", "plotting", "--course", str(course)]) == 1
    assert said in capsys.readouterr().err


@both
@pytest.mark.integration
def test_the_others_are_graded(broken, capsys):
    course, kind, said = broken
    words = ["grade", str(course / "mine.ipynb"), "--course", str(course)]
    words += ["--unsafe"] if sandbox.missing() else []
    assert command.main(words) == (kind == "header")
    out, err = capsys.readouterr()
    assert "0 of 2" in out
    assert (said in err) == (kind == "header")
    assert (course / "mine.feedback.html").is_file()


@pytest.mark.parametrize("broken", ["exercise"], indirect=True)
@pytest.mark.integration
def test_a_notebook_of_the_broken_one_stops_no_other_file(broken, capsys):
    course, _, said = broken
    book = json.loads((course / "mine.ipynb").read_text(encoding="utf-8"))
    book["metadata"]["bmkit"]["slug"] = "plotting"
    (course / "other.ipynb").write_text(json.dumps(book), encoding="utf-8")
    files = [str(course / name) for name in ("other.ipynb", "mine.ipynb")]
    words = ["grade", *files, "--course", str(course)]
    words += ["--unsafe"] if sandbox.missing() else []
    assert command.main(words) == 1
    out, err = capsys.readouterr()
    assert "0 of 2" in out and said in err
    assert not (course / "other.feedback.html").exists()
    room = course / "room"
    room.mkdir()
    for name in ("other", "mine"):
        shutil.copy(course / f"{name}.ipynb", room)
    words[1:3] = ["--all", str(room)]
    assert command.main(words) == 1
    out, _ = capsys.readouterr()
    (line,) = [row for row in out.splitlines() if "other.ipynb" in row]
    assert said in line
    assert "mine" in (room / "grades.csv").read_text(encoding="utf-8-sig")
