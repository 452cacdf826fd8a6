"""Copies are found in every disguise; what anyone would write accuses nobody."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from bmkit.course.grade.fingerprints import WINDOW, K, fingerprints, winnow
from bmkit.course.grade.normal_form import form, rows
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.grade.similarity import (
    MANY,
    SHARED,
    Known,
    Work,
    groups,
    known,
    work_of,
)
from bmkit.course.source.catalog import Course
from tests.benchmarks import bench_similarity
from tests.benchmarks.disguises import BROKEN, DISGUISES
from tests.benchmarks.rewrites import RIGHT
from tests.conftest import TINY

WORK = '''
import math

def attend(q, k, v):
    """Attention."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    scores = scores - scores.max(-1, keepdim=True).values
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
    mixed = [w @ v for w in weights]
    return mixed, weights
'''
OTHERS = {
    "another sign": WORK.replace(" / ", " - "),
    "another number": WORK.replace("-2, -1", "-1, -2"),
    "another attribute": WORK.replace("exp", "sigmoid"),
    "another function": WORK.replace("math.sqrt", "math.log"),
    "another keyword": WORK.replace("keepdim", "keepdims"),
}
SHORT = "def add(a, b):\n    return a + b"


def work(student: str, code: str, exercise: str = "attend", **more) -> Work:
    return Work(student, "lesson", {exercise: code}, **more)


@cache
def place() -> dict[str, object]:
    """What the rewritten answers find in their notebooks."""

    def output_size(n, f, stride, padding):
        return (n + 2 * padding - f) // stride + 1

    import collections

    return {
        **{"math": math, "np": np, "torch": torch, "F": F, "stats": stats},
        **{"collections": collections, "itertools": itertools, "Counter": Counter},
        **{"output_size": output_size, "defaultdict": defaultdict},
    }


def arguments(exercise: str) -> tuple[object, ...]:
    torch.manual_seed(1)
    return {
        "wilson": lambda: (7, 11),
        "count_terms": lambda: (["abab", "b", ""], ["a", "ab", "b"]),
        "clean_split": lambda: (list("aabbbcdde"), 0.4, 3),
        "auc": lambda: (torch.tensor([0, 1, 1, 0]), torch.tensor([1.0, 2, 1, 0.5])),
        "zigzag": lambda: (3,),
        "convolve": lambda: (
            *(torch.randn(2, 5, 6), torch.randn(3, 2, 3, 3), torch.randn(3)),
            *(2, 1),
        ),
        "sinusoidal_positions": lambda: (5, 6),
        "paired_interval": lambda: ([1.0, 2.5, 3.0, 2.0], [0.5, 2.0, 3.5, 1.0]),
        "tf_idf": lambda: (np.array([[1, 0, 2], [0, 0, 1]]), np.array([[1, 1, 0]])),
        "gradient_noise": lambda: (torch.randn(6, 3), 2, False),
    }[exercise]()


def numbers(value: object) -> list[float]:
    """Every number in an answer, in order."""
    if isinstance(value, (list, tuple)):
        return [number for part in value for number in numbers(part)]
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return [float(number) for number in value.ravel()]
    return [float(value)]


def result(code: str, exercise: str) -> list[float]:
    space = dict(place())
    exec(code, space)
    return numbers(space[exercise](*arguments(exercise)))


ANSWERS = {
    f"{name}-{number}": (name, text)
    for (_, name), texts in RIGHT.items()
    for number, text in enumerate(texts)
}


@pytest.mark.parametrize("which", ANSWERS)
def test_a_disguise_changes_no_result_and_hides_nothing(which):
    name, text = ANSWERS[which]
    right = result(text, name)
    for how, disguise in DISGUISES.items():
        for seed in range(2):
            code = disguise(text, random.Random(seed))
            assert result(code, name) == pytest.approx(right), (how, code)
            both = [work("ann", text, name), work("bob", code, name)]
            long = len(fingerprints(text)) >= bench_similarity.LONG
            assert bool(groups(both)) or not long, (how, code)


@pytest.mark.parametrize("how", BROKEN)
def test_lines_that_are_no_python_hide_nothing(how):
    for name, text in ANSWERS.values():
        if len(fingerprints(text)) < bench_similarity.LONG:
            continue
        for seed in range(3):
            code = BROKEN[how](text, random.Random(seed))
            assert groups([work("ann", text, name), work("bob", code, name)]), code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = f(x)\nb = g(y, 1)\nh(a, b)", "a, b = f(x), g(y, 1)\nh(a, b)"),
        ("a, b, c = f(x), 1, 2\nh(a, b, c)", "a, (b, c) = f(x), (1, 2)\nh(a, b, c)"),
        ("y = z**2 / 4", "y = z * z / 4"),
        ("y = 4 * m**2 * z", "y = z * (4 * m * m)"),
        ("y = z**3", "y = z * z * z"),
        ("s = a.sum() / 2\nh(s + 1, s - 1)", "h(a.sum() / 2 + 1, a.sum() / 2 - 1)"),
        ("s = a + 1\nt = s / 2\nh(t, t, s)", "h((a + 1) / 2, (a + 1) / 2, a + 1)"),
        ("a = f(1)\nb = a + 2\nh(b)", "v['a'] = f(1)\nv['b'] = v['a'] + 2\nh(v['b'])"),
    ],
)
def test_the_same_values_elsewhere_are_the_same(one, other):
    box = "v = {}\n" if "v[" in other else ""
    kept = [
        [row for row in rows(code) if row != ["Dict"]] for code in (one, box + other)
    ]
    assert sorted(kept[0]) == sorted(kept[1])


def test_a_list_that_is_filled_is_no_value_to_put_elsewhere():
    code = "found = []\nfor x in y:\n    found.append(x)\nuse(found, found)"
    assert ["Call", "use", "·", "·"] in rows(code)


def test_names_that_double_in_size_do_not_grow_without_end():
    lines = [f"x{n + 1} = f(x{n}, x{n}, {n})" for n in range(200)]
    found = rows("\n".join(["x0 = g(y)", *lines, "print(x200)"]))
    assert len(found) > 20 and sum(map(len, found)) < 20_000
    assert len(fingerprints("\n".join(lines))) > 100


@pytest.mark.parametrize("how", sorted(DISGUISES.keys() - {"unchanged"}))
def test_a_disguise_changes_the_text(how):
    texts = [text for _, text in ANSWERS.values()]
    changed = [DISGUISES[how](text, random.Random(0)) != text for text in texts]
    assert sum(changed) >= 3


@pytest.mark.parametrize("exercise", sorted({name for _, name in RIGHT}))
def test_the_rewritten_answers_agree(exercise):
    texts = [text for name, text in ANSWERS.values() if name == exercise]
    assert len(texts) > 1
    if exercise == "clean_split":  # any split will do
        return
    first, *others = (result(text, exercise) for text in texts)
    for other in others:
        assert other == pytest.approx(first, abs=1e-6)


@pytest.mark.parametrize("how", OTHERS)
def test_another_answer_has_another_form(how):
    assert OTHERS[how] != WORK, "this case changes nothing"
    assert form(OTHERS[how]) != form(WORK)


def test_every_shared_run_of_tokens_is_seen():
    rng = random.Random(0)
    for _ in range(500):
        shared = [str(rng.random()) for _ in range(K + WINDOW - 1)]
        one, other = (
            [str(rng.random()) for _ in range(rng.randrange(9))] + shared + tail
            for tail in ([], ["end", "of", "it"])
        )
        assert winnow(one) & winnow(other)
        assert not winnow(one[: -len(shared)]) & winnow(other), "too short to share"
    assert winnow(["a"] * (K - 1)) == set()


def test_names_are_renamed_in_each_function_for_itself():
    code = """
def {f}({a}):
    {b} = {a}.exp()
    return {b} / {a}.sum()
def use({c}):
    {d} = {f}({c}).log()
    return {d} - {c}.mean()
"""
    one = code.format(f="f", a="x", b="y", c="x", d="y")
    other = code.format(f="g", a="p", b="q", c="r", d="s")
    assert form(one) == form(other)
    assert form(one) != form(other.replace("g(r)", "h(r)"))


def test_a_group_says_who_of_how_many():
    other = "\ndef attend(q, k, v):\n    return q.matmul(v).softmax(0).sum(), None, 1\n"
    works = [work("cat", DISGUISES["everything"](WORK, random.Random(1)))]
    works += [work("ann", WORK), work("bob", other), work("dan", "x = 1")]
    (group,) = groups(works)
    assert (group.slug, group.exercise, group.how) == ("lesson", "attend", "code")
    assert (group.students, group.of) == (("ann", "cat"), 4)
    assert group.size >= SHARED and 2 / 3 <= group.share <= 1


def test_what_anyone_would_write_is_no_copy():
    assert groups([work("ann", SHORT, "add"), work("bob", SHORT, "add")]) == []


def test_given_code_and_stubs_are_no_copy():
    stub = WORK.replace("return mixed, weights", "raise NotImplementedError()")
    ours = {("lesson", "attend"): Known(fingerprints(stub), frozenset([form(stub)]))}
    works = [work(name, stub) for name in "ab"] + [work(name, WORK) for name in "cd"]
    assert groups(works)
    assert groups(works, ours) == [], "a few tokens more than the stub are no work"
    commented = [work(name, f"# mine\n{stub}", key="same") for name in "ab"]
    assert groups(commented, ours) == [], "nothing was written"


def test_the_lessons_own_answer_is_no_copy():
    ours = {("lesson", "attend"): Known(fingerprints(WORK))}
    assert groups([work(name, WORK) for name in "ab"], ours) == []


def test_what_much_of_a_room_writes_is_no_copy():
    assert len(groups([work(f"s{n}", WORK) for n in range(MANY)])) == 1
    assert groups([work(f"s{n}", WORK) for n in range(MANY + 1)]) == []
    # In a larger room the same number is a clique again.
    others = [work(f"t{n}", f"value_{n} = {n}") for n in range(4 * MANY)]
    clique = [work(f"s{n}", WORK) for n in range(MANY + 1)]
    assert len(groups([*others, *clique])) == 1


def test_the_same_file_is_named_however_short():
    works = [work(name, SHORT, "add", key="same") for name in "ab"]
    works += [work("c", SHORT, "add", key="other"), work("d", SHORT, "add")]
    (group,) = groups(works)
    assert (group.how, group.students, group.exercise) == ("file", ("a", "b"), "")
    assert group.of == 4


def test_identical_wrong_notebooks_are_the_same_work():
    wrong = {"add": f"{SHORT} - 1  # for the edge", "attend": WORK}
    lesson = {("lesson", name): Known(fingerprints(wrong[name])) for name in wrong}

    def handed(student: str, answers: dict[str, str], *bad: str) -> Work:
        return Work(student, "lesson", answers, frozenset(bad), key=student)

    both = [handed(name, wrong, "add") for name in "ab"]
    (group,) = groups(both, lesson)
    assert (group.how, group.students) == ("notebook", ("a", "b"))
    assert groups([handed(name, wrong) for name in "ab"], lesson) == [], "all right"
    other = handed("b", {**wrong, "add": f"{SHORT} - 1"}, "add")
    assert groups([both[0], other], lesson) == [], "not to the letter"
    short = [handed(name, {"add": wrong["add"]}, "add") for name in "ab"]
    assert groups(short, lesson) == [], "too short to tell"


def test_many_short_answers_together_are_enough():
    parts = [
        "def a(x):\n    return x.sum(0) / len(x) + 3",
        "def b(x):\n    return (x - x.mean()).abs().max()",
        "def c(x):\n    return x.sort().values[: len(x) // 2].std()",
        "def d(x):\n    return sorted(set(x.tolist()))[1] - 7",
    ]
    answers = dict(zip("abcd", parts, strict=True))
    for name, code in answers.items():
        assert groups([work("ann", code, name), work("bob", code, name)]) == []
    both = [Work(student, "lesson", answers) for student in ("ann", "bob")]
    (group,) = groups(both)
    assert (group.how, group.exercise, group.students) == ("code", "", ("ann", "bob"))
    assert groups([both[0], Work("bob", "other", answers)]) == [], "other lessons"


def test_plain_rare_and_long_copies_come_first():
    longer = WORK + WORK.replace("exp", "tanh").replace("max", "min")
    works = [Work(n, "lesson", {"attend": WORK, "more": longer}) for n in "ab"]
    works += [work(name, WORK, "wide") for name in "cde"]
    works += [work(name, SHORT, "add", key="same") for name in "fghij"]
    found = [group.exercise for group in groups(works)]
    assert found == ["", "more", "attend", "wide"]


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
        "x = x + 1",
        "a = b\nb = a\nprint(a, b)",
        "match x:\n    case [1, *rest] if rest:\n        y = (z := 3)",
        "async def f(*, a=1, **k):\n    async with g() as h:\n        yield (await h)",
        "x: int\ndel x\nglobal y\ny = [*x, {**z}, {1, 2}, f'{x!r:>{w}}', x[1:2, ...]]",
        "",
    ],
    ids=range(19),
)
def test_code_of_any_kind_has_fingerprints(code):
    assert fingerprints(code) == fingerprints(code)
    assert form(code) == form(code)
    groups([work("ann", code), work("bob", code)])


def test_verdicts_of_a_lesson_are_compared():
    ours = known(Course(TINY).lessons())
    add = ours["adding", "add"]
    assert form("def add(x, y):\n    raise NotImplementedError()") in add.stubs
    answer = "def add(x, y):\n    z = x + y\n    return z"
    assert fingerprints(answer) <= add.prints
    works = [work_of(verdict(name, WORK)) for name in ("ann", "bob")]
    assert works[0] == Work("ann", "adding", {"attend": WORK}, frozenset({"attend"}))
    (group,) = groups(works, ours)
    assert (group.slug, group.students) == ("adding", ("ann", "bob"))


def verdict(student: str, code: str) -> Verdict:
    cells = [
        {"source": ["no", "meta"], "metadata": {}},
        {"source": code, "metadata": {"nbgrader": {"grade_id": "attend"}}},
    ]
    notebook = json.dumps({"cells": cells})
    return Verdict(student, "adding", marks=[Mark("attend", 0, 1)], notebook=notebook)


@pytest.mark.slow
def test_all_copies_are_found_and_no_honest_pair_is_accused():
    outcome = bench_similarity.measure(seeds=1)
    assert (outcome.lost, outcome.broken_lost, outcome.accused) == ([], [], [])
    assert outcome.copies > 1000 and outcome.honest.total() > 1500
    assert all(outcome.honest.values())
