"""A built check runs at once, leaves no name, and is the same program."""

from __future__ import annotations

import ast

import pytest

import bmkit as bm
from bmkit.course.build.check_cell import enclosed
from bmkit.course.run.inside import answer_matrix
from bmkit.lab.expect import CheckFailed

TEXT = '''text = """one
  two
three"""
bm.expect.equal(len(text.split("\\n")), 3, f"""three
lines""")
for n in range(2):
    bm.expect.equal(add(n, 1), n + 1, "add them")
### BEGIN HIDDEN TESTS
q = add(2, 2)
bm.expect.equal(q, 4, "hidden")
### END HIDDEN TESTS'''


def space(add):
    names = {"bm": bm, "add": add, "q": "the lesson's own"}
    exec("", names)  # the interpreter adds `__builtins__`
    return names


def test_it_passes_and_fails_as_the_plain_lines_do_and_leaves_nothing():
    mine = space(lambda a, b: a + b)
    names = set(mine)
    exec(enclosed(TEXT, "check"), mine)
    assert set(mine) == names
    assert mine["q"] == "the lesson's own"
    for wrong, says in (
        (lambda a, b: a - b, "add them"),
        (lambda a, b: min(a + b, 3), "hidden"),
    ):
        mine = space(wrong)
        with pytest.raises(CheckFailed, match=says):
            exec(enclosed(TEXT, "check"), mine)
        assert set(mine) == names


def test_strings_of_several_lines_stay_as_they_are():
    plain = [n.value for n in ast.walk(ast.parse(TEXT)) if isinstance(n, ast.Constant)]
    inside = [
        n.value
        for n in ast.walk(ast.parse(enclosed(TEXT, "check")))
        if isinstance(n, ast.Constant)
    ]
    assert [v for v in inside if v in plain] == plain


def test_a_check_that_leaves_a_name_is_told():
    mine = space(lambda a, b: a + b)
    assert answer_matrix._again(mine, enclosed(TEXT, "check"))["ok"]
    row = answer_matrix._again(mine, TEXT)
    assert not row["ok"]
    assert set(row["message"].split(", ")) >= {"n", "q", "text"}


def test_what_the_exercise_defines_is_watched():
    def first(numbers):
        numbers.sort()
        return numbers[0]

    check = 'bm.expect.equal(first([2, 1]), 1, "the least")'
    mine = {"bm": bm, "first": first, "__name__": "__main__"}
    with pytest.raises(CheckFailed, match="`numbers` was changed"):
        exec(enclosed(check, "check", ["first"]), mine)
    assert mine["first"] is first
    exec(enclosed(check, "check", ["first"], "numbers"), mine)


def test_a_check_of_an_older_notebook_runs_as_well():
    older = enclosed("bm.expect.true(add(1, 2) == 3, 'add')", "check").replace(
        "()", "", 1
    )
    assert "@bm.expect.at_once\n" in older
    exec(older, space(lambda a, b: a + b))
    with pytest.raises(CheckFailed, match="add"):
        exec(older, space(lambda a, b: a))
