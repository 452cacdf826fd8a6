"""What cannot be found in a notebook is told as it is; in doubt a person looks."""

from __future__ import annotations

import dataclasses

import pytest

from bmkit.course.grade.classroom import UNWRITTEN
from bmkit.course.grade.session import grade
from bmkit.course.kernels.limits import Limits
from tests.grade.test_right_work import (
    ADD,
    DOUBLE,
    SETTINGS,
    WRONG,
    at,
    bare,
    code,
    handed_in,
    instead,
    needs_fork,
    put,
    solved,
)
from tests.grade.two_exercises import lessons as two_exercises

META = {"slug": "adding", "lang": "en", "exercises": {"add": 2, "double": 3}}
NONE = {"slug": "adding", "lang": "en"}
OLDER = {**META, "exercises": {"add": 2}}
LIMITS = Limits(cell_seconds=2)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    return two_exercises(tmp_path_factory.mktemp("two") / "course")


def without(cells, *words):
    """The notebook without the cells that have these words in them."""
    return [c for c in cells if not any(word in c["source"] for word in words)]


def judged(cells, lessons, folder, **meta):
    submission = handed_in(cells, lessons, folder, **meta)
    return grade(submission, dataclasses.replace(SETTINGS, limits=LIMITS))


def test_an_exercise_that_an_older_lesson_lacks_waits_for_a_person(lessons, tmp_path):
    cells = without(solved(lessons), "double")
    submission = handed_in(cells, lessons, tmp_path, bmkit=OLDER)
    (remark,) = submission.remarks
    assert "double: not in the version of the lesson" in remark
    (why,) = submission.person
    assert "double" in why and "older" in why
    lost = handed_in(bare(cells), lessons, tmp_path)
    assert any("deleted" in one and "older" in one for one in lost.remarks)
    assert len(lost.person) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_an_exercise_that_was_deleted_does_not(lessons, tmp_path, lost):
    cells = [
        c for n, c in enumerate(solved(lessons)) if n != at(solved(lessons), "add")
    ]
    submission = handed_in(
        bare(cells) if lost else cells, lessons, tmp_path, bmkit={} if lost else META
    )
    assert submission.person == []
    assert any("add: its cell is missing" in one for one in submission.remarks)
    whole = without(solved(lessons), "double")
    known = handed_in(whole, lessons, tmp_path, bmkit=META)  # it was given out with it
    assert known.person == [] and "double: its cell is missing" in known.remarks[0]


def test_what_has_no_cell_is_not_told_to_replace_its_line(lessons, tmp_path):
    (mark,) = [
        one
        for one in judged(without(solved(lessons), "double"), lessons, tmp_path).marks
        if one.exercise == "double"
    ]
    assert mark.message == "not written yet: no cell of this notebook is for it"
    assert mark.message.startswith(UNWRITTEN)  # the room counts it so


BUILTIN = "import builtins\nsetattr(builtins, 'a' + 'dd', lambda a, b: a + b)"


@needs_fork
@pytest.mark.integration
@pytest.mark.parametrize("lost", [False, True])
def test_an_answer_given_by_name_when_it_runs(lessons, tmp_path, lost):
    def verdict(cells):
        return judged(bare(cells) if lost else cells, lessons, tmp_path)

    dynamic = "name = 'a' + 'dd'\nglobals()[name] = lambda a, b: a + b"
    cells = solved(lessons)
    cells.pop(at(cells, "add"))
    found = verdict([*cells, code(dynamic)])
    assert (found.points, found.person) == (5, []), found.remarks
    found = verdict([*cells, code(dynamic.replace("a + b", "a - b"))])
    assert (found.points, found.person) == (3, [])
    hidden = verdict(instead("add", BUILTIN)(solved(lessons)))
    assert hidden.points == 3
    (why,) = hidden.person
    assert why.startswith("add: ") and f"cell {at(solved(lessons), 'add') + 1}" in why


@needs_fork
@pytest.mark.integration
def test_what_is_not_written_calls_no_person(lessons, tmp_path):
    def stub(cells):
        cells[at(cells, "add")]["source"] = (
            'def add(a, b):\n    """Return the sum of two numbers."""\n'
            "    # YOUR CODE HERE\n    raise NotImplementedError()"
        )
        return cells

    for also in ("%run nothing.py", "exec('k = 1')"):
        cells = [*stub(solved(lessons, double="def double(a):\n    return 2 * a"))]
        found = judged([*cells, code(also)], lessons, tmp_path)
        assert (found.points, found.person) == (3, [])
        assert "not written yet" in found.marks[0].message


@needs_fork
@pytest.mark.integration
@pytest.mark.parametrize("lost", [False, True])
def test_an_answer_that_no_cell_gives_says_why(lessons, tmp_path, lost):
    def message(source):
        cells = instead("add", source)(solved(lessons))
        found = judged(bare(cells) if lost else cells, lessons, tmp_path)
        assert found.points == 3
        return found.marks[0].message

    assert "you defined `Add`" in message(ADD.replace("add", "Add", 1))
    for magic in ("%%script python", "%%writefile add.py", "%%timeit"):
        assert f"`{magic.split()[0]}`" in message(f"{magic}\n{ADD}"), magic
    assert "you defined `add`" not in message(f"{ADD}\ndel add")


@needs_fork
@pytest.mark.integration
@pytest.mark.parametrize("kind", ["markdown", "raw"])
@pytest.mark.parametrize("lost", [False, True])
def test_an_answer_in_a_cell_of_text_is_code(lessons, tmp_path, kind, lost):
    cells = solved(lessons)
    cells[at(cells, "add")]["cell_type"] = kind
    found = judged(bare(cells) if lost else cells, lessons, tmp_path)
    assert (found.points, found.person) == (5, [])
    assert any("add" in one and "text" in one for one in found.remarks)


def test_a_cell_in_parts_is_one(lessons, tmp_path):
    for answer in (
        f"{ADD}\ndevice = 'cpu'\nadd = add",
        "device = 'cpu'\nglobals()['a' + 'dd'] = lambda a, b: a + b",
    ):
        cells = instead("add", answer)(solved(lessons))
        assert handed_in(cells, lessons, tmp_path, bmkit=META).remarks == []


@needs_fork
@pytest.mark.integration
def test_a_cell_is_named_by_its_place_in_the_file(lessons, tmp_path):
    cells = put("add", code("while True: pass"))(solved(lessons))
    place = at(cells, "add")  # of the one before it, counted from 1
    split = code('device = "cpu"\nhelper = 1')
    found = judged([split, *cells], lessons, tmp_path)
    assert found.points == 5
    (remark,) = found.remarks
    assert remark.startswith(f"cell {place + 1} (while True: pass)")
    cells = put("add", code("import os\nos._exit(3)"))(solved(lessons))
    (why,) = judged([split, *cells], lessons, tmp_path).person
    assert why.startswith(f"cell {place + 1} (import os)")


@needs_fork
@pytest.mark.integration
@pytest.mark.parametrize(
    "typed", ['profile="workshop"', 'profile="full"', 'profile="full", device="cuda"']
)
def test_settings_typed_into_start_give_way_to_ours(lessons, tmp_path, typed):
    start = f'import bmkit as bm\nlab = bm.start("adding", {typed})'
    seen = "print(lab.profile, lab.device)"
    cells = [code(start), code(seen), *without(solved(lessons), "bm.start(")]
    double = f"assert (lab.profile, lab.device) == ('ci', 'cpu')\n{DOUBLE}"
    found = judged(instead("double", double)(cells), lessons, tmp_path)
    assert found.points == 5, found.marks
    assert "ci cpu" in found.notebook


def test_a_wrong_answer_stays_wrong(lessons, tmp_path):
    submission = handed_in(instead("add", WRONG)(solved(lessons)), lessons, tmp_path)
    assert submission.person == [] and submission.doubts == {}


def test_all_that_is_absent_is_told_in_one_line(lessons, tmp_path):
    submission = handed_in([code("x = 1\nmad = 2")], lessons, tmp_path, bmkit=NONE)
    (why,) = submission.person
    assert why.startswith("add, double: ")
    assert sum("add, double: " in one for one in submission.remarks) == 1


@needs_fork
@pytest.mark.integration
def test_an_answer_that_lacks_a_cell_of_the_lessons_waits_for_a_person(
    lessons, tmp_path
):
    uses = "def add(a, b):\n    assert lab.seed == 0\n    return a + b"
    cells = [code(uses), code(DOUBLE)]
    found = judged(cells, lessons, tmp_path)
    assert found.points == 3
    (why,) = found.person
    assert why.startswith("add: ") and " lab," in why
    whole = instead("add", uses)(solved(lessons))
    assert judged(whole, lessons, tmp_path).points == 5
    slip = instead("add", uses.replace("lab.seed", "lav.seed"))(solved(lessons))
    found = judged(slip, lessons, tmp_path)
    assert (found.points, found.person) == (3, [])
