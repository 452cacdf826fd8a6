"""While a check runs: arguments stay as they were, two calls give the same."""

from __future__ import annotations

import contextlib
import copy
import random
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import torch

from bmkit import language
from bmkit.lab.expect import CheckFailed
from bmkit.lab.guard import Guard, watching

CHANGED = "`{}` was changed: work on a copy"
TWICE = "the second call with the same arguments gave something else"


@pytest.fixture(autouse=True)
def english():
    language.speak("en")
    yield
    language.speak("en")


def told(function, *args, changes="", **kwargs) -> str:
    """What the guard says of a call; empty where it has nothing to say."""
    space = {"__name__": __name__, "answer": function}
    try:
        with watching(space, ["answer"], changes):
            space["answer"](*args, **kwargs)
    except CheckFailed as error:
        return str(error)
    finally:
        assert space["answer"] is function
    return ""


def overwrites(x):
    x *= 2
    return x


def through_a_view(x):
    x.reshape(-1)[0] = 7
    return x.sum()


def sorts(y):
    y.sort()
    return y[0]


def pops(table):
    table.pop("a")
    return len(table)


def deep(layers):
    layers[1]["bias"][0] += 1
    return 0


def adds(members):
    members.add(9)
    return 1


@dataclass
class Point:
    at: torch.Tensor = field(default_factory=lambda: torch.zeros(2))


def moves(point):
    point.at += 1
    return 1


def swaps(items):
    items["a"] = items.pop("a")
    return 0


def reshapes(x):
    x.t_()
    return 0


@pytest.mark.parametrize(
    "wrong, argument",
    [
        (overwrites, torch.ones(3)),
        (overwrites, torch.ones(3, dtype=torch.bfloat16)),
        (overwrites, torch.tensor([float("nan"), 1.0])),
        (overwrites, np.ones((2, 2))),
        (overwrites, torch.ones(4, requires_grad=True).detach()),
        (overwrites, pd.Series([1.0, 2.0])),
        (through_a_view, torch.ones(2, 2)),
        (through_a_view, np.ones((2, 2))),
        (through_a_view, torch.arange(6.0)[2:].view(2, 2)),
        (reshapes, torch.ones(2, 3)),
        (sorts, [3, 1, 2]),
        (sorts, [torch.tensor(3), torch.tensor(1)]),
        (pops, {"a": 1, "b": 2}),
        (pops, Counter("ab")),
        (swaps, {"a": 1, "b": 2}),
        (deep, [np.zeros(2), {"bias": np.zeros(2)}]),
        (deep, (0, {"bias": [0.0]})),
        (adds, {1, 2}),
        (moves, Point()),
    ],
)
def test_a_changed_argument_is_told_by_its_name(wrong, argument):
    name = next(iter(wrong.__code__.co_varnames))
    assert told(wrong, copy.deepcopy(argument)) == CHANGED.format(name)
    assert told(wrong, **{name: copy.deepcopy(argument)}) == CHANGED.format(name)
    # What the exercise allows is no mistake, and is done twice on equal copies.
    assert told(wrong, argument, changes=f"other {name}") == ""


@pytest.mark.parametrize(
    "right",
    [
        lambda x: x,
        lambda x: x.clone().mul_(2),
        lambda x: (x.sum(), [x]),
        lambda x: x.requires_grad_(False),
        lambda x: None,
    ],
)
def test_what_leaves_its_arguments_alone_may_do_as_it_likes(right):
    assert told(right, torch.ones(3)) == ""


def test_names_of_many_and_of_none():
    def last(*layers):
        layers[-1][0] = 0

    assert told(last, [1], [1]) == CHANGED.format("layers")
    guard = Guard()
    with pytest.raises(CheckFailed, match="an argument was changed"):
        guard.call(sorts, "sorts", [], ([2, 1],), {})


def test_the_message_is_in_the_learners_language():
    language.speak("zh")
    assert told(sorts, [2, 1]) == "`y` 被改动了：请在副本上操作"


def test_a_check_cannot_pass_over_it():
    def check():
        with contextlib.suppress(AssertionError):
            sorts(data)

    data = [2, 1]
    space = globals()
    changed = pytest.raises(CheckFailed, match="`y` was changed")
    with changed, watching(space, ["sorts"]):
        check()
    assert space["sorts"] is sorts


def test_wanted_values_computed_afterwards_help_nobody():
    # The check that was beaten: both sides are zero once the scores have been.
    def weights(scores):
        scores *= 0
        return scores

    scores = torch.ones(3)

    space = {"answer": weights, "__name__": "__main__", "scores": scores}
    changed = pytest.raises(CheckFailed, match="`scores` was changed")
    with changed, watching(space, ["answer"]):
        got = space["answer"](scores)
        assert torch.equal(got, scores)


def test_what_it_calls_in_turn_is_its_own_affair():
    def inner(x):
        x += 1
        return x

    def outer(x):
        return space["inner"](x.clone())

    space = {"__name__": __name__, "inner": inner, "outer": outer}
    with watching(space, ["inner", "outer"]):
        assert space["outer"](torch.zeros(2)).tolist() == [1, 1]


def kept(x, seen=[]):  # noqa: B006
    seen.append(x)
    return seen


class Counting:
    calls = 0


def counts(x):
    Counting.calls += 1
    return x * Counting.calls


def draws(n):
    return np.random.default_rng().random(n)


def remembers(x, store={}):  # noqa: B006
    return store.setdefault(float(x.sum()), x * 2)


@pytest.mark.parametrize(
    "wrong, argument", [(kept, 1), (counts, 3.0), (counts, np.ones(2)), (draws, 4)]
)
def test_a_second_call_gives_the_same(wrong, argument):
    assert told(wrong, argument).startswith(TWICE)


@pytest.mark.parametrize(
    "right, argument",
    [
        (remembers, torch.ones(2)),
        (lambda n: torch.randn(n), 3),
        (lambda n: np.random.rand(n), 3),
        (lambda n: random.random(), 3),
        (lambda g: torch.randn(2, generator=g), torch.Generator().manual_seed(1)),
        (lambda g: g.random(2), np.random.default_rng(1)),
        (lambda x: float("nan"), 1),
        (lambda x: iter([x]), 1),
    ],
)
def test_equal_states_give_equal_numbers(right, argument):
    assert told(right, argument) == ""


def test_a_generator_is_drawn_from_once():
    draws = torch.Generator().manual_seed(1)
    alone = torch.Generator().manual_seed(1)
    assert told(lambda g: torch.randn(2, generator=g), draws) == ""
    torch.randn(2, generator=alone)
    assert torch.equal(draws.get_state(), alone.get_state())


def test_the_lessons_own_random_numbers_go_on_as_after_one_call():
    def noise(n):
        return torch.randn(n)

    torch.manual_seed(0)
    assert told(noise, 3) == ""
    after = torch.randn(1)
    torch.manual_seed(0)
    torch.randn(3)
    assert torch.equal(after, torch.randn(1))


def test_only_the_first_call_is_made_twice_and_only_with_data():
    calls = []

    def answer(x, f=None):
        calls.append(x)

    space = {"__name__": __name__, "answer": answer}
    with watching(space, ["answer"]):
        space["answer"](1, f=len)  # a function may count its calls
        space["answer"](2)
        space["answer"](3)
    assert calls == [1, 2, 2, 3]


def test_an_error_is_the_answers_own():
    def answer(x):
        x[0] = 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        told(answer, [0])


class Layer(torch.nn.Module):
    def forward(self, x):
        return x.mul_(2)

    def step(self, g):
        self.taken = g
        return g


def test_the_methods_of_a_class_are_watched_and_given_back():
    space = {"__name__": __name__, "Layer": Layer}
    before = dict(vars(Layer))
    changed = pytest.raises(CheckFailed, match="`x` was changed")
    with changed, watching(space, ["Layer"]):
        layer = space["Layer"]()
        layer.step(torch.ones(1))
        layer(torch.ones(2))
    assert dict(vars(Layer)) == before


def test_a_librarys_class_is_left_alone():
    space = {"__name__": __name__, "Layer": torch.nn.Linear}
    forward = torch.nn.Linear.forward
    with watching(space, ["Layer"]):
        assert torch.nn.Linear.forward is forward


def test_vmap_goes_through():
    space = {"__name__": __name__, "answer": lambda x: x * 2}
    with watching(space, ["answer"]):
        assert torch.vmap(space["answer"])(torch.ones(2, 2)).sum() == 8
