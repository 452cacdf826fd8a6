"""An equation's cell notices what is changed in its formula, or is found blind."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch

import bmkit as bm
from bmkit.course.run.inside import equations, forked
from bmkit.course.run.inside.perturbations import perturbations
from tests import ROOT

pytestmark = pytest.mark.skipif(
    not forked.supported(), reason="equations are changed in forked processes"
)


@pytest.fixture
def tried(monkeypatch):
    """What the report gets of a cell, and the titles of what nobody noticed."""
    shown: list[dict] = []
    monkeypatch.setattr(equations, "show", lambda row, *_: shown.append(row))

    def trial(code: str, excuses: dict[str, str] | None = None, **space) -> tuple:
        space = {"bm": bm, "torch": torch, "np": np, "math": math, **space}
        exec(code, space)
        equations.trial(space, "e", code=code, excuses=excuses)
        row = shown[-1]
        return row, [one["title"] for one in row["rows"] if not one["ok"]]

    return trial


FLOOR = """
lr, L, size, tau2 = {}
error = 0.0
for _ in range(500):
    error = (1 - lr * L) ** 2 * error + lr**2 * tau2 / size
height = lr * tau2 / size / (L * (2 - lr * L))
bm.equation("e", error, height)
"""


def test_a_good_cell_notices_every_change(tried):
    code = "x = torch.linspace(-3, 2, 50).double()\n"
    code += "bm.equation('e', x.tanh(), {}, atol=1e-12)"
    row, wrong = tried(code.format("2 / (1 + torch.exp(-2 * x)) - 1"), None)
    assert wrong == [] and row["caught"] == row["made"] > 8 and not row["skipped"]
    _, wrong = tried(FLOOR.format("0.3, 1.7, 5, 2.3"))
    assert wrong == []


def test_a_letter_that_is_one_hides_itself(tried):
    _, wrong = tried(FLOOR.format("0.3, 1.0, 5, 2.3"))
    assert "lr * L → lr * L ** 2" in wrong
    assert "L * (2 - lr * L) → L ** 2 * (2 - lr * L)" in wrong


def test_letters_that_are_equal_hide_each_other(tried):
    code = "n, B, s = {}\nvalue = s / B * (n - B) / (n - 1)\nbm.equation('e', w, value)"
    right = 2.5 / 3 * 3 / 5
    _, wrong = tried(code.format("6, 3, 2.5"), w=right)
    assert "s / B * (n - B) → s / B * B" in wrong
    _, wrong = tried(code.format("7, 3, 2.5"), w=2.5 / 3 * 4 / 6)
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("bm.equation('e', a * b, b * a + c)", "b * a + c → b * a - c"),
        ("bm.equation('e', (a * b).abs(), abs(-a * b))", "-a * b → a * b"),
        ("bm.equation('e', S @ v, S.T @ v)", "S.T @ v → S @ v"),
        ("bm.equation('e', one.sum(), one.mean())", "one.sum() → one.mean()"),
        ("bm.equation('e', o, o**3)", "o ** 3 → o ** 4"),
        ("bm.equation('e', c * 7 * v, 7 * v * c)", "c * 7 → c * 14"),
        ("bm.equation('e', c, abs(c))", "the right-hand side negated"),
    ],
)
def test_each_kind_of_change_is_made_and_told(tried, code, title):
    numbers = {"a": 2.5, "b": 3.5, "c": 0.0, "o": 1.0}
    space = {key: torch.tensor(value) for key, value in numbers.items()}
    S = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
    space |= {"S": S, "v": torch.tensor([2.0, 5.0]), "one": torch.tensor([4.0])}
    _, wrong = tried(code, **space)
    assert title in wrong


def test_what_feeds_both_sides_may_change_and_what_feeds_one_may_not():
    code = (
        "a = 3.0\nb = a + 2\nhalf = b / 4\n"
        "for _ in range(9):\n    pass\n"
        "bm.equation('e', 2 * half, b / 2, atol=1e-3 * 5)"
    )
    titles = [
        one.title for one in perturbations(code, "e", {"a": 3, "b": 5, "half": 1})
    ]
    assert "b / 4 → b / 8" in titles and "2 * half → 4 * half" in titles
    told = " ".join(titles)
    assert "3.0" not in told and "a + 2" not in told and "0.001" not in told
    assert "range" not in told


def test_sizes_seeds_and_numbers_of_draws_are_no_letters():
    code = (
        "x = 0.5 + 2 * torch.randn(50, 4)\nslow = torch.zeros(4)\n"
        "h = 1e-6\nleft = (f(x + h) - f(x)) / h\n"
        "slow = slow + Layer(16, 8)(x)\n"
        "bm.equation('e', left, x + len(slow) - slow.numel())"
    )
    space = {"x": np.ones(4), "slow": np.ones(4), "h": 1e-6, "left": np.ones(4)}
    titles = " ".join(one.title for one in perturbations(code, "e", space))
    for plumbing in ("50", "0.5 ", "2e-06", "len(2", "(2 * slow).", "32", "16)"):
        assert plumbing not in titles


def test_a_change_without_sense_is_not_counted(tried):
    row, wrong = tried("m = [2.0]\nbm.equation('e', m[0], 2.0, atol=0)")
    assert wrong == []
    # m[0] has no transpose, and what is no number has no double: few are left.
    assert 3 <= row["made"] == row["caught"] < 6


def test_a_change_that_does_not_end_is_stopped(tried, monkeypatch):
    monkeypatch.setattr(equations, "LEAST", 0.2)
    code = "n = 3\nwhile n % 3:\n    n += 3\nbm.equation('e', float(n), 3.0)"
    row, _ = tried(code)
    assert row["caught"] and row["seconds"] < 20


INEQUALITY = """
bm.inequality(
    "e",
    lambda a, b: 2 * a * b,
    lambda a, b: {},
    at={{"a": 3.0, "b": 0.7}},
    equal_at={{"a": 1.3, "b": {}}},
)
"""


def test_a_bound_that_is_reached_notices_all_and_one_that_is_not_is_refused(tried):
    _, wrong = tried(INEQUALITY.format("a**2 + b**2", 1.3), {})
    # a and b are equal there: one may stand for the other.
    assert all("a" in title and "b" in title for title in wrong)
    assert "the bound × 0.95" not in wrong
    with pytest.raises(AssertionError, match="must be equal"):
        tried(INEQUALITY.format("a**2 + b**2", 1.4))
    with pytest.raises(AssertionError, match="exceeds the larger by"):
        tried(INEQUALITY.format("a**2 - b**2 - 6", 1.3))
    with pytest.raises(AssertionError, match="must be equal"):
        tried(INEQUALITY.format("2 * (a**2 + b**2)", 1.3))


def test_a_good_inequality_notices_every_change(tried):
    """The one of CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    begin = text.index('bm.inequality(\n    "cauchy-schwarz"')
    code = text[begin : text.index("```", begin)].replace("cauchy-schwarz", "e")
    row, wrong = tried(code)
    assert wrong == [] and row["caught"] > 8


def test_a_bound_reached_only_at_zero_is_not_tried_at_all(tried):
    code = INEQUALITY.format("a**2 + b**2", 0.0).replace("1.3", "0.0")
    _, wrong = tried(code)
    assert "the bound × 0.95" in wrong


def test_excuses_count_and_stale_ones_are_told(tried):
    code = "bm.equation('e', one * x, x)"
    row, wrong = tried(
        code, {"one * x → one ** 2 * x": "it is 1", "x → y": "?"}, one=1.0, x=3.7
    )
    kinds = {one["title"]: one["kind"] for one in row["rows"]}
    assert kinds["one * x → one ** 2 * x"] == "excused"
    assert kinds["x → y"] == "stale" and "x → y" in wrong


def test_a_cell_that_does_not_hold_again_is_told(tried):
    code = "calls.append(1)\nbm.equation('e', len(calls), 1)"
    row, wrong = tried(code, calls=[])
    assert wrong == ["e"] and "does not hold" in row["skipped"]


def test_the_lesson_goes_on_as_without_it(tried):
    code = "x = torch.rand(1) + random.random() + r.normal()\nbm.equation('e', x, x)"
    generator = np.random.default_rng(0)
    torch.manual_seed(0)
    random.seed(0)
    tried(code, random=random, r=generator)
    after = torch.rand(1).item(), random.random(), generator.normal()
    generator = np.random.default_rng(0)
    torch.manual_seed(0)
    random.seed(0)
    torch.rand(1), random.random(), generator.normal()
    assert after == (torch.rand(1).item(), random.random(), generator.normal())


def test_a_long_title_shows_the_difference():
    code = "bm.equation('e', a, some_long_function(with_one + argument, and_another).T)"
    made = perturbations(code, "e", {"a": np.ones((2, 2))})
    titles = [one.title for one in made]
    long = "…+ argument, and_another).T → …+ argument, and_another)"
    assert long in titles
    assert len(set(titles)) == len(titles)
