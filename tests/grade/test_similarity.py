"""The same answer is known again in other clothes; what anyone would write is not."""

from __future__ import annotations

import json

import pytest

from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.grade.similarity import FEWEST, Known, answers, form, groups, known
from bmkit.course.source.catalog import Course
from tests.conftest import TINY

WORK = '''
import math

def attend(q, k, v):
    """Attention."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = scores.softmax(-1)
    mixed = [w @ v for w in weights]
    return mixed, weights
'''
CLOTHES = {
    "layout": WORK.replace(" / ", "/").replace("\n    mixed", "\n\n\n    mixed"),
    "comments": WORK.replace("    weights", "    # now the weights\n    weights"),
    "docstring": WORK.replace("Attention.", "Something else."),
    "annotations": WORK.replace("(q, k, v)", "(q: int, k, v) -> tuple").replace(
        "scores =", "scores: float ="
    ),
    "a variable": WORK.replace("scores", "s"),
    "arguments": WORK.replace("(q, k", "(a, k")
    .replace("q @", "a @")
    .replace("q.", "a."),
    "a loop's name": WORK.replace("w @ v for w in", "row @ v for row in"),
    "parentheses": WORK.replace("mixed, weights\n", "(mixed, weights)\n"),
    "string of no use": WORK.replace("    weights", '    "mine"\n    weights'),
}
OTHERS = {
    "another sign": WORK.replace(" / ", " * "),
    "another number": WORK.replace("-2, -1", "-1, -2"),
    "another attribute": WORK.replace("softmax", "sigmoid"),
    "names swapped": WORK.replace("return mixed, weights", "return weights, mixed"),
    "another function": WORK.replace("math.sqrt", "math.log"),
    "another order": WORK.replace("(q, k, v)", "(k, q, v)"),
}


@pytest.mark.parametrize("how", CLOTHES)
def test_the_same_answer_in_other_clothes(how):
    assert CLOTHES[how] != WORK, "this case changes nothing"
    assert form(CLOTHES[how], "attend") == form(WORK, "attend")


@pytest.mark.parametrize("how", OTHERS)
def test_another_answer_is_another(how):
    assert OTHERS[how] != WORK, "this case changes nothing"
    assert form(OTHERS[how], "attend") != form(WORK, "attend")


def test_names_are_renamed_in_each_function_for_itself():
    one = (
        "def f(x):\n    y = x + 1\n    return y\ndef g(x):\n    y = x * 2\n    return y"
    )
    two = (
        "def f(a):\n    b = a + 1\n    return b\ndef g(c):\n    d = c * 2\n    return d"
    )
    assert form(one, "g") == form(two, "g")
    helper = one.replace("f(x)", "h(x)")
    assert form(helper, "g") == form(one, "g")
    assert form(one.replace("g(x)", "h(x)"), "g") != form(one, "g")


def test_a_closure_and_a_class_keep_their_sense():
    inner = "def f(n):\n    def g(m):\n        return {}\n    return g"
    assert form(inner.format("n"), "f") != form(inner.format("m"), "f")
    model = "class A:\n    def forward(self, x):\n        return self.net(x)"
    assert form(model, "A") == form(model.replace("x", "inputs"), "A")
    assert form(model, "A") != form(model.replace("forward", "call"), "A")


def test_a_group_says_who_of_how_many():
    other = OTHERS["another sign"]
    work = [("cat", CLOTHES["layout"]), ("ann", WORK), ("bob", other), ("dan", "x = 1")]
    (group,) = groups((student, {"attend": code}) for student, code in work)
    assert (group.exercise, group.students, group.of) == ("attend", ("ann", "cat"), 4)
    assert group.nodes >= FEWEST and not group.published


def test_what_anyone_would_write_is_no_copy():
    short = "def add(a, b):\n    return a + b"
    assert form(short).nodes < FEWEST
    assert groups([("ann", {"add": short}), ("bob", {"add": short})]) == []


def test_given_code_and_stubs_do_not_count():
    stub = WORK.replace("return mixed, weights", "raise NotImplementedError()")
    ours = {("", "attend"): Known(frozenset({form(stub, "attend")}), frozenset())}
    work = [(name, {"attend": stub}) for name in "ab"]
    work += [(name, {"attend": WORK}) for name in "cd"]
    assert len(groups(work)) == 2
    assert groups(work, ours) == [], "two nodes more than the stub are no work"


def test_the_lessons_own_answer_is_called_so():
    ours = {("", "attend"): Known(frozenset(), frozenset({form(WORK, "attend")}))}
    (group,) = groups(
        [(name, {"attend": CLOTHES["a variable"]}) for name in "ab"], ours
    )
    assert group.published


def test_rare_and_long_copies_come_first():
    longer = WORK + WORK.replace("attend", "again")
    work = [(name, {"attend": WORK, "more": longer}) for name in "ab"]
    work += [(name, {"wide": WORK}) for name in "abc"]
    assert [g.exercise for g in groups(work)] == ["more", "attend", "wide"]


@pytest.mark.parametrize(
    "code",
    [
        "def f(:\n    return " + "x " * 60,
        "(" * 10_000 + ")" * 10_000,
        "x = " + "-" * 10_000 + "1",
        "x = " + "a." * 10_000 + "b",
        "x = " + "1 + " * 10_000 + "1",
        "if a:\n    pass\n" + "elif a:\n    pass\n" * 10_000,
        "x = 1" + "0" * 10_000,
        "x = 0x1" + "0" * 10_000,
        "x = '\\ud800'",
        "x = '\ud800'",
        "x\0y",
        "y " * 200_000,
        "%matplotlib inline\n!ls\n" + "x = 1\n" * 20,
        "",
    ],
    ids=range(14),
)
def test_code_of_any_kind_has_a_form(code):
    assert form(code) == form(code)
    if code.strip():
        assert form(code) != form(code + "\nzzz = 1.5")


def test_verdicts_of_a_lesson_are_compared(tmp_path):
    lessons = Course(TINY).lessons()
    ours = known(lessons)
    stub, answer = ours["adding", "add"].stubs, ours["adding", "add"].answers
    assert form("def add(x, y):\n    raise NotImplementedError()", "add") in stub
    assert form("def add(x, y):\n    z = x + y\n    return z", "add") in answer
    work = [verdict(name, WORK) for name in ("ann", "bob")]
    assert answers(work[0]) == {"attend": WORK}
    (group,) = groups(work, ours)
    assert (group.slug, group.students) == ("adding", ("ann", "bob"))


def verdict(student: str, code: str) -> Verdict:
    cells = [
        {"source": ["no", "meta"], "metadata": {}},
        {"source": code, "metadata": {"nbgrader": {"grade_id": "attend"}}},
    ]
    notebook = json.dumps({"cells": cells})
    return Verdict(student, "adding", marks=[Mark("attend", 0, 1)], notebook=notebook)
