"""A room of nothing but odd hand-ins: none is lost, none stops another."""

from __future__ import annotations

import json

import pytest

from bmkit.course.build import notebooks, release
from bmkit.course.build.nbgrader_cells import grade_id
from bmkit.course.grade.gradebook import Book, default_url
from bmkit.course.grade.session import Settings, grade_all
from bmkit.course.kernels import forkserver_client, sandbox
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


@pytest.mark.parametrize("layout", odd_rooms.LAYOUTS)
def test_nothing_is_lost_in_an_odd_room(tmp_path, layout):
    lessons = two_exercises(tmp_path / "course")
    right = json.loads(notebooks.dumps(release.learner_notebook(lessons[0])))
    for cell in right["cells"]:
        cell["source"] = ANSWERS.get(grade_id(cell), cell["source"])
    room = tmp_path / "room"
    kinds = [one for one in odd_rooms.ODD if layout in one.layouts]
    handed = odd_rooms.fill(
        room, right, "adding", layout=layout, count=len(kinds), every=1
    )
    settings = Settings(jobs=2, unsafe=bool(sandbox.missing()))
    for again in (False, True):
        listener = Listener()
        outcome = grade_all(room, lessons, settings, listener)
        with Book(default_url(room)) as book:
            points = {one.student: (one.points, one.person) for one in book.verdicts()}
        for one in handed:
            place = one.path if layout == "flat" else one.path.parent
            told = [line for line in outcome.told if line.path.is_relative_to(place)]
            if one.expect != odd_rooms.LISTED:
                assert points.pop(one.student, None) == (5.0, []), one
            else:
                refused = [line for line in told if line in outcome.refused]
                assert refused, one
        assert points == {}, "somebody was graded twice"
        assert outcome.graded == 0 or not again
        noted = sum(one.expect == odd_rooms.NOTED for one in handed)
        assert len(outcome.notes) >= noted
    page = outcome.page.read_text(encoding="utf-8")
    assert page.count("<li>") >= len(outcome.refused)
