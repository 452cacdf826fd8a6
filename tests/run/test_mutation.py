"""An equation's check is tried on wrong signs, and must notice one."""

from __future__ import annotations

import random

import pytest

import bmkit as bm
from bmkit.course.run.inside import mutation


@pytest.fixture
def rows(monkeypatch):
    """What the report gets."""
    shown: list[list[dict]] = []

    def show(name, points, rows, *, equation) -> None:
        assert (name, points, equation) == ("equation e", 0, "e")
        shown.append(rows)

    def made(code: str, **space) -> list[dict]:
        mutation.flips({"bm": bm, **space}, "e", code)
        return shown[-1]

    monkeypatch.setattr(mutation, "show", show)
    return made


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ('bm.equation("e", a + b, b + a)', "2 of 2"),
        ('bm.equation("e", a - b, -(b - a), atol=1e-9)', "3 of 3"),
        ('bm.equation("e", a - a, 0 * b)', "1 of 1"),
        ('bm.equation("e", a, a, atol=b - b)', "0 of 1"),
        ('c = a - 1\nbm.equation("e", 2 * c, c + c)', "1 of 2"),
    ],
)
def test_signs_are_flipped_one_at_a_time(rows, code, seen):
    negated, flipped = rows(code, a=2.0, b=3.0)
    assert seen in flipped["kind"] and flipped["ok"] and negated["ok"]


def test_a_check_that_holds_for_every_sign_is_found_out(rows):
    made = rows('bm.equation("e", abs(a - b), abs(b + a), atol=99)', a=2.0, b=3.0)
    assert [row["ok"] for row in made] == [False, False]
    (alone,) = rows('bm.equation("e", 0 * a, 0 * a)', a=1.0)
    assert not alone["ok"]
    (alone,) = rows('bm.equation("e", [a], [a])', a=1.0)
    assert not alone["ok"], "a list has no negative: nothing was compared"


def test_the_lesson_goes_on_as_without_it(rows):
    import numpy as np
    import torch

    def draws() -> list[float]:
        return [random.random(), np.random.rand(), torch.rand(1).item()]

    code = (
        "import random, torch, numpy\n"
        "x = random.random() + torch.rand(1) + numpy.random.rand()\n"
        'bm.equation("e", x, x)'
    )
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    alone = draws()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    rows(code)
    assert draws() == alone
