"""A room of nothing but odd hand-ins: none is lost, none stops another."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from bmkit.course.build import notebooks, release
from bmkit.course.build.nbgrader_cells import grade_id
from bmkit.course.grade.gradebook import Book, default_url
from bmkit.course.grade.session import grade_all
from bmkit.course.grade.settings import Settings
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.kernels.limits import Limits
from tests import ROOT
from tests.grade import odd_rooms
from tests.grade.test_grade_all import Listener
from tests.grade.two_exercises import lessons as two_exercises

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]
ANSWERS = {
    "add": "def add(a, b):\n    return a + b",
    "double": "def double(a):\n    return a * 2",
}


LIMITS = Limits(memory=512, cell_seconds=5)


@pytest.mark.parametrize("layout", odd_rooms.LAYOUTS)
def test_nothing_is_lost_in_an_odd_room(tmp_path, layout):
    room, lessons, handed = filled(tmp_path, layout, every=1)
    settings = Settings(jobs=2, unsafe=bool(sandbox.missing()), limits=LIMITS)
    for again in (False, True):
        outcome = grade_all(room, lessons, settings, Listener())
        as_expected(room, handed, layout, outcome)
        assert outcome.graded == 0 or not again
    page = outcome.page.read_text(encoding="utf-8")
    assert page.count("<li>") >= len(outcome.refused)


def test_a_room_of_two_hundred_one_in_five_of_them_odd(tmp_path):
    room, lessons, handed = filled(tmp_path, "course", count=200, every=5)
    command = [sys.executable, "-m", "bmkit", "grade", "--all", str(room), "-j", "2"]
    command += ["--course", str(lessons[0].course.root)]
    command += ["--memory", str(LIMITS.memory), "--cell-seconds", "5"]
    command += ["--unsafe"] * bool(sandbox.missing())
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said  # some files are none of ours
    assert "Traceback" not in said
    assert all(char.isprintable() or char == "\n" for char in said)
    lines = said.splitlines()
    marked = {row["student"]: row for row in table(room / "bmkit-grades.csv")}
    for one in handed:
        place = one.path.parent
        if one.expect == odd_rooms.LISTED:
            assert any(str(place) in line and line.startswith("✗") for line in lines)
        else:
            full = one.expect not in (odd_rooms.TOLD, odd_rooms.PERSON)
            row = marked.get(one.student) or marked[f"'{one.student}"]  # no formula
            assert (float(row["total"]) == 5) == full, one
            assert bool(row["person"]) == (one.expect == odd_rooms.PERSON), one


def filled(folder, layout, *, every, count=0):
    """A room of the small course's first lesson, and what must come of it."""
    lessons = two_exercises(folder / "course")
    right = json.loads(notebooks.dumps(release.learner_notebook(lessons[0])))
    for cell in right["cells"]:
        cell["source"] = ANSWERS.get(grade_id(cell), cell["source"])
    room = folder / "room"
    count = count or sum(layout in one.layouts for one in odd_rooms.ODD)
    given = {"layout": layout, "count": count, "every": every}
    return room, lessons, odd_rooms.fill(room, right, "adding", **given)


def as_expected(room, handed, layout, outcome):
    with Book(default_url(room)) as book:
        verdicts = {one.student: one for one in book.verdicts()}
    for one in handed:
        home = {"flat": one.path, "folders": one.path.parent}
        place = home.get(layout, one.path.parents[1])  # notes are of the student's
        told = [line for line in outcome.told if line.path.is_relative_to(place)]
        if one.expect == odd_rooms.LISTED:
            assert any(line in outcome.refused for line in told), one
            continue
        verdict = verdicts.pop(one.student)
        lost = [mark for mark in verdict.marks if mark.points < mark.of]
        assert all(mark.message for mark in lost), one
        full = one.expect not in (odd_rooms.TOLD, odd_rooms.PERSON)
        assert bool(lost) != full, one
        assert bool(verdict.person) == (one.expect == odd_rooms.PERSON), one
        assert one.expect != odd_rooms.NOTED or told, one
    assert verdicts == {}, "somebody was graded twice"


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
