"""Mutants show which checks test too little, and leave the good ones alone."""

from __future__ import annotations

import os
import random
import textwrap
import time

import pytest
import torch

import bmkit as bm
from bmkit.course.run.inside import forked, mutants
from bmkit.course.run.inside.syntax_mutants import MOST, syntax_mutants

pytestmark = pytest.mark.skipif(
    not forked.supported(), reason="mutants are tried in forked processes"
)


def answer(signature: str, *rows: str, doc: str = "Say it.") -> str:
    """An exercise cell."""
    head = [f"def {signature}:", f'    """{doc}"""', "    ### BEGIN SOLUTION"]
    body = [textwrap.indent(row, "    ") for row in rows]
    return "\n".join([*head, *body, "    ### END SOLUTION"])


@pytest.fixture
def tried(monkeypatch):
    """What the report gets of one exercise, and the titles of what survived."""
    shown: list[dict] = []
    monkeypatch.setattr(mutants, "show", shown.append)
    monkeypatch.setattr(mutants, "LEAST", 1.5)

    def trial(reference: str, check: str, name: str = "f", **more) -> tuple[dict, list]:
        space = {"bm": bm, "torch": torch, "random": random}
        exec(reference, space)
        mutants.trial(space, name, check=check, reference=reference, **more)
        row = shown[-1]
        assert not row["skipped"], row["skipped"]
        wrong = [one["title"] for one in row["rows"] if not one["ok"]]
        return row, wrong

    return trial


SOFTMAX = answer(
    "f(z)", "e = (z - z.amax(-1, keepdim=True)).exp()", "return e / e.sum(-1, True)"
)
WEAK = """
z = torch.tensor([1.0, 2.0, 3.0])
bm.expect.close(f(z).sum(), torch.tensor(1.0), "probabilities sum to 1")
"""
GOOD = """
z = torch.tensor([[1.0, 2.0, 3.0], [800.0, 0.0, -800.0]])
p = f(z)
bm.expect.true(torch.is_tensor(p) and p.dtype == z.dtype, "a tensor of the same type")
bm.expect.close(p, torch.softmax(z, -1), "exponentials, divided by their sum")
bm.expect.true(z[0, 0] == 1 and z[1, 1] == 0, "leave z as it is")
w = z.clone().requires_grad_()
bm.expect.true(f(w).requires_grad, "gradients flow through it")
### BEGIN HIDDEN TESTS
z = torch.randn(4, 2, 5)
bm.expect.close(f(z), torch.softmax(z, -1), "at any depth")
### END HIDDEN TESTS
"""


def test_a_weak_check_is_found_out_and_its_survivors_are_named(tried):
    row, wrong = tried(SOFTMAX, WEAK)
    assert "z is overwritten" in wrong and "z is frozen" in wrong
    assert "z.amax(-1, keepdim=True) → z.amin(-1, keepdim=True)" in wrong
    assert row["made"] - row["caught"] == len(wrong)
    changed = next(one for one in row["rows"] if "amin" in one["title"])
    assert changed["line"] == 4 and "+     e = (z - z.amin" in changed["code"]


def test_a_good_check_has_no_survivors(tried):
    row, wrong = tried(SOFTMAX, GOOD)
    assert wrong == [] and row["made"] == row["caught"] > 15


# A reference, a check that is right but for one thing, and what that lets pass.
GAPS = {
    "a guard that no test needs": (
        answer("f(x)", "if x < 0:", "    return 0", "return x + 1"),
        "assert f(1) == 2 and f(5) == 6 and type(f(2)) is int",
        "if x < 0 → never",
    ),
    "an edge that no test touches": (
        answer("f(x)", "return x if x > 3 else -x"),
        "assert f(1) == -1 and f(9) == 9 and f(8) == 8",
        "x > 3 → x >= 3",
    ),
    "a parameter that is always the same": (
        answer("f(x, lr)", "return x * lr"),
        "assert f(1.5, 0.1) == 1.5 * 0.1 and f(4.0, 0.1) == 0.4",
        "lr is frozen to 0.1",
    ),
    "a parameter that is never given": (
        answer("f(x, scale=1)", "return x * scale + 7"),
        "assert f(1) == 8 and f(2) == 9 and f(5) == 12",
        "scale is frozen to 1",
    ),
    "visible answers alone": (
        answer("f(x)", "return 3 * x"),
        "assert f(1) == 3 and f(7) == 21 and f(-2) == -6",
        "the visible answers are memorised",
    ),
    "a list that is emptied": (
        answer("f(rows)", "return sum(rows)"),
        "assert f([1, 2]) == 3\n### BEGIN HIDDEN TESTS\nassert f([5, 8, 9]) == 22\n"
        "### END HIDDEN TESTS",
        "rows is overwritten",
    ),
    "two parameters that are always equal": (
        answer("f(d, e)", "return d * 2 + e * 0"),
        "assert f(3, 3) == 6 and f(4, 4) == 8 and f(7, 7) == 14",
        "d * 2 → e * 2",
    ),
    "randomness that no test compares": (
        answer("f(n, rng)", "return [rng.random() for _ in range(n)]"),
        "rng = random.Random(1)\nassert len(f(3, rng)) == 3 and f(0, rng) == []",
        "rng is not drawn from",
    ),
    "a loop over one thing": (
        answer("f(rows)", "total = 0", "for row in rows:", "    total += row"),
        "assert f([1]) is None",
        "rows → list(rows)[:1]",
    ),
    "a factor that is always 1": (
        answer("f(lr, curvature)", "return 2 / curvature > lr"),
        "assert f(1, 1) and not f(5, 1)",
        "2 / curvature → 2",
    ),
    "a whole number that ceil leaves as it is": (
        answer("f(x)", "import math", "return math.ceil(x / 2)"),
        "assert f(3) == 2 and f(5) == 3 and f(0.5) == 1 and f(9) == 5",
        "math.ceil(x / 2) → math.floor(x / 2) + 1",
    ),
    "a gradient that is the one it was given": (
        answer("f(g, shape)", "return g.sum(0) if g.shape != shape else g.clone()"),
        "g = torch.arange(3.0)\nassert f(g, (3,)).equal(torch.arange(3.0))\n"
        "assert f(torch.ones(2, 4), (4,)).equal(torch.full((4,), 2.0))",
        "g itself is returned",
    ),
    "tokens that are floats": (
        answer("f(x)", "return x + 1"),
        "assert f(torch.tensor([1, 2])).tolist() == [2, 3]\n"
        "assert f(torch.tensor([200])) == 201",
        "the result is floating-point numbers",
    ),
}


@pytest.mark.parametrize("gap", GAPS)
def test_what_a_check_leaves_open_is_told(tried, gap):
    reference, check, title = GAPS[gap]
    assert title in tried(reference, check)[1]


def test_a_harmless_change_is_taken_or_told_of_in_words(tried):
    reference = answer("f(x)", "return x, 2 * x")
    blunt = "hash(f(3))\nassert f(5) == (5, 10) and f(-1) == (-1, -2) and f(0)"
    (row,) = (r for r in tried(reference, blunt)[0]["rows"] if r["kind"] == "misjudged")
    assert row["title"] == "the result is a list"
    assert "cannot go on" in row["message"] and "unhashable" in row["message"]
    told = "bm.expect.true(isinstance(f(1), tuple), 'return a tuple')\n" + blunt
    lax = "assert [list(f(x)) for x in (5, -1)] == [[5, 10], [-1, -2]]"
    for check in (told, lax):
        kinds = {one["kind"] for one in tried(reference, check)[0]["rows"]}
        assert "misjudged" not in kinds


def test_what_an_answer_may_change_is_looked_at_only_where_the_reference_does(tried):
    reference = answer("f(rows)", "return sorted(rows)")
    check = "assert f([3, 1]) == [1, 3] and f([1, 5, 2]) == [1, 2, 5] and f([1]) == [1]"
    assert "rows is overwritten" in tried(reference, check)[1]
    assert "rows is overwritten" not in tried(reference, check, changes="rows")[1]
    reference = answer("f(rows)", "rows.sort()", "return len(rows)")
    check = "rows = [5, 1, 3]\nassert f(rows) == 3 and f([1]) == 1 and f([]) == 0"
    wrong = tried(reference, check, changes="rows")[1]
    assert {"rows stays as it was", "rows.sort() → left out"} <= set(wrong)
    good = check + " and rows == [1, 3, 5]"
    assert tried(reference, good, changes="rows")[1] == []


def test_methods_of_a_class_are_wrapped_each(tried):
    cell = (
        "class Counter:\n    def __init__(self, start):\n        self.n = start\n\n"
        "    def step(self, by):\n        ### BEGIN SOLUTION\n"
        "        self.n += by\n        return self.n\n        ### END SOLUTION"
    )
    weak = "c = Counter(3)\nassert c.step(2) == 5 and c.step(2) == 7"
    wrong = tried(cell, weak, "Counter")[1]
    assert {"__init__: start is frozen to 3", "step: by is frozen to 2"} <= set(wrong)
    good = weak + "\nassert c.step(7) == 14 and Counter(9).step(1) == 10"
    assert tried(cell, good, "Counter")[1] == []


def test_a_mutant_that_does_not_end_is_stopped_and_caught(tried):
    reference = answer(
        "f(n)", "k = 0", "while n > 0:", "    n -= 2", "    k += 1", "return k"
    )
    check = "assert f(4) == 2 and f(7) == 4 and f(0) == 0 and f(-3) == 0 and f(1) == 1"
    began = time.monotonic()
    _, wrong = tried(reference, check)
    assert not any("n -=" in title for title in wrong)
    assert time.monotonic() - began < 30


EXCUSED = {"x > 3 → x >= 3": "at 3 both are right"}


def test_an_excuse_silences_one_survivor_and_is_counted(tried):
    reference, check, title = GAPS["an edge that no test touches"]
    row, wrong = tried(reference, check, excuses=EXCUSED)
    assert title not in wrong
    (excused,) = (one for one in row["rows"] if one["kind"] == "excused")
    assert excused["message"] == "at 3 both are right" and excused["ok"]


@pytest.mark.parametrize(
    ("title", "why"), [("x > 3 → x >= 3", "caught"), ("no → such", "no such mutant")]
)
def test_a_stale_excuse_is_wrong(tried, title, why):
    reference, check, _ = GAPS["an edge that no test touches"]
    row, wrong = tried(reference, check + " and f(3) == -3", excuses={title: "why"})
    assert title in wrong
    assert why in next(one["message"] for one in row["rows"] if one["kind"] == "stale")


def test_the_lesson_goes_on_as_without_it(tried):
    torch.manual_seed(0)
    random.seed(0)
    state = torch.get_rng_state(), random.getstate()
    reference = answer("f(x)", "random.random()", "return x + torch.rand(1)")
    tried(reference, "f(torch.zeros(1)).add_(1)\nglobal_name = 3")
    assert (
        torch.equal(torch.get_rng_state(), state[0]) and random.getstate() == state[1]
    )


def test_a_reference_that_fails_in_a_child_is_told(monkeypatch):
    shown: list[dict] = []
    monkeypatch.setattr(mutants, "show", shown.append)
    reference, here = answer("f()", "return 1"), os.getpid()
    space = {"os": os}
    exec(reference, space)
    mutants.trial(
        space, "f", check=f"assert os.getpid() == {here}", reference=reference
    )
    (row,) = shown[0]["rows"]
    assert (
        row["kind"] == "control"
        and not row["ok"]
        and "AssertionError" in row["message"]
    )


def test_titles_stay_when_lines_move_and_none_is_there_twice():
    reference = answer("f(x, y)", "a = x + 0.5", "return a * 2 if a <= y else a / 2")
    moved = reference.replace("    a = ", "    # a remark\n\n    a = ")
    one, other = syntax_mutants(reference), syntax_mutants(moved)
    assert [m.title for m in one] == [m.title for m in other]
    assert len({m.code for m in one}) == len(one)
    assert {m.line for m in one} == {4, 5} and {m.line for m in other} == {6, 7}


def test_only_the_solution_is_mutated_and_not_without_end():
    given = "def g(x):\n    return x + 1\n\n\n" + answer("f(x)", "return x - 1")
    assert {m.line for m in syntax_mutants(given)} == {8}
    rows = [f"x = x + {n}" for n in range(60)]
    assert len(syntax_mutants(answer("f(x)", *rows, "return x"))) == MOST


def test_a_child_that_dies_or_hangs_is_told_apart_and_others_go_on():
    jobs = [
        lambda: 1,
        lambda: os._exit(3),
        lambda: time.sleep(60),
        lambda: 1 / 0,
        lambda: 2,
    ]
    began = time.monotonic()
    found = forked.in_children(jobs, 1.0, workers=2)
    assert [one.value for one in found] == [1, None, None, None, 2]
    assert [one.lost for one in found] == ["", "died", "too long", "died", ""]
    assert time.monotonic() - began < 20


def test_threads_of_torch_do_not_hang_a_child():
    x = torch.randn(600, 600, requires_grad=True)
    (x @ x).sum().backward()  # the parent's pools have begun

    def job() -> float:
        y = torch.randn(600, 600, requires_grad=True)
        (y @ y).sum().backward()
        return float(y.grad.shape[0])

    assert forked.in_children([job, job], 30.0)[1].value == 600.0
