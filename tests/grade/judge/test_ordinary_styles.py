"""Right answers in ordinary styles have full marks in real lessons, and call no person.

A style is made of an exercise's own reference, which it wraps; so each is tried on many
exercises. What stands in the sources as another right answer is tried in tests/lessons.
"""

from __future__ import annotations

import ast
import re
import textwrap

import pytest

from bmkit.course.grade.session import grade
from bmkit.course.grade.settings import Settings
from bmkit.course.kernels import forkserver_client, pool, sandbox
from bmkit.course.source.loading import source_of
from tests.course_lessons import LESSONS
from tests.known_answers import handed_in

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]
SLUGS = ("welcome", "layers", "gradient-descent", "metrics")
ROUNDS = 6  # submissions of each lesson; each style meets several exercises

# Code that comes before the answer, in its cell.
BEFORE = {
    "imports": "import sys, gc, inspect, threading, os, time\ngc.collect()",
    "clears its output": "from IPython.display import clear_output\nclear_output()",
    "asks the shell": "shell = get_ipython()\nprint(type(shell).__name__)",
    "lists packages": "!pip list",
    "reloads": "%load_ext autoreload\n%autoreload 2\n%matplotlib inline",
    "times its cell": "%%time",
    "captures its cell": "%%capture",
    "tunes the GPU": "import torch\ntorch.backends.cudnn.benchmark = True\n"
    "torch.backends.cudnn.deterministic = True",
    "is deterministic": "import torch\ntorch.use_deterministic_algorithms(True)",
    "one thread": "import torch\ntorch.set_num_threads(1)",
    "was on a GPU": "import torch\ntorch.set_default_device('cuda')",
    "in double": "import torch\ntorch.set_default_dtype(torch.float64)",
    "in half": "import torch\ntorch.set_default_dtype(torch.float16)",
    "without gradients": "import torch\ntorch.set_grad_enabled(False)",
    "seeds": "import random, torch\nrandom.seed(3)\ntorch.manual_seed(3)",
    "strict": "import warnings, numpy\nwarnings.simplefilter('error')\n"
    "numpy.seterr(all='raise')",
    "prints its own way": "import torch, numpy\ntorch.set_printoptions(precision=2)\n"
    "numpy.set_printoptions(precision=2)",
    "an equal of its own": "class Pair:\n    def __init__(self, a): self.a = a\n"
    "    def __eq__(self, other): return self.a == other.a\n"
    "    def __hash__(self): return hash(self.a)",
    "a type of its own": "from typing import NamedTuple\n"
    "class Both(NamedTuple):\n    left: float\n    right: float\n"
    "assert Both(1, 2).left == 1",
    "counts": "import itertools\ncounter = itertools.count()\nnext(counter)",
    "a thread": "import threading\nthread = threading.Thread(target=print)\n"
    "thread.start()\nthread.join()",
}

# `work` is the reference by another name, NAME what the exercise asks for.
AROUND = {
    "a lambda": "NAME = lambda *args, **more: work(*args, **more)",
    "partial": "from functools import partial\nNAME = partial(work)",
    "a callable object": """
class Answer:
    def __call__(self, *args, **more):
        return work(*args, **more)

NAME = Answer()
""",
    "a decorator": """
import functools

def timed(function):
    @functools.wraps(function)
    def inner(*args, **more):
        return function(*args, **more)
    return inner

NAME = timed(work)
""",
    "a plain decorator": """
def again(function):
    def inner(*args, **more):
        return function(*args, **more)
    return inner

@again
def NAME(*args, **more):
    return work(*args, **more)
""",
    "a function within": """
def NAME(*args, **more):
    def inner():
        return work(*args, **more)
    return inner()
""",
    "a static method": """
class Tools:
    @staticmethod
    def solve(*args, **more):
        return work(*args, **more)

NAME = Tools.solve
""",
    "a bound method": """
class Solver:
    def __init__(self, scale=1):
        self.scale = scale
    def solve(self, *args, **more):
        return work(*args, **more)

NAME = Solver().solve
""",
    "a global constant": """
TIMES = 1

def NAME(*args, **more):
    for _ in range(TIMES):
        result = work(*args, **more)
    return result
""",
    "try": """
def NAME(*args, **more):
    try:
        return work(*args, **more)
    except KeyError as error:
        raise RuntimeError("no such key") from error
    finally:
        del args
""",
    "prints": """
def NAME(*args, **more):
    result = work(*args, **more)
    print("result:", type(result))
    return result
""",
    "asserts": """
def NAME(*args, **more):
    result = work(*args, **more)
    assert args or more, "no arguments?"
    return result
""",
    "a walrus": """
def NAME(*args, **more):
    if (result := work(*args, **more)) is not None:
        return result
""",
    "match": """
def NAME(*args, **more):
    match args:
        case []:
            return work(**more)
        case [first, *rest]:
            return work(first, *rest, **more)
""",
    "a generator": """
def answers(*args, **more):
    yield work(*args, **more)

def NAME(*args, **more):
    return next(answers(*args, **more))
""",
    "recursion": """
def deeper(depth, args, more):
    return deeper(depth - 1, args, more) if depth else work(*args, **more)

def NAME(*args, **more):
    return deeper(3, args, more)
""",
    "a dataclass": """
from dataclasses import dataclass

@dataclass
class Asked:
    args: tuple
    more: dict

def NAME(*args, **more):
    asked = Asked(args, more)
    return work(*asked.args, **asked.more)
""",
    "a comprehension": """
def NAME(*args, **more):
    return [work(*args, **more) for _ in range(1)][0]
""",
    "while": """
def NAME(*args, **more):
    while True:
        result = work(*args, **more)
        break
    return result
""",
    "own copies": """
import torch

def NAME(*args, **more):
    args = [one.clone() if isinstance(one, torch.Tensor) else one for one in args]
    return work(*args, **more)
""",
    "with": """
import contextlib, warnings

def NAME(*args, **more):
    with contextlib.nullcontext(), warnings.catch_warnings():
        return work(*args, **more)
""",
    "a warning": """
import warnings

def NAME(*args, **more):
    warnings.warn("slow")
    return work(*args, **more)
""",
    "a global count": """
calls = 0

def NAME(*args, **more):
    global calls
    calls += 1
    return work(*args, **more)
""",
    "logging": """
import logging
log = logging.getLogger("mine")

def NAME(*args, **more):
    log.warning("called with %d", len(args))
    return work(*args, **more)
""",
    "tried below": """
def NAME(*args, **more):
    return work(*args, **more)

if __name__ == "__main__":
    print("works", NAME)
""",
    "singledispatch": "import functools\nNAME = functools.singledispatch(work)",
    "dispatch by table": """
METHODS = {"plain": work}

def NAME(*args, **more):
    return METHODS["plain"](*args, **more)
""",
}


def wrapped(reference: str, name: str, around: str) -> str:
    """The reference by the name of ``work``, and ``around`` by the exercise's."""
    work = re.sub(rf"^def {name}\b", "def work", reference, count=1, flags=re.M)
    return f"{work}\n\n{around.strip().replace('NAME', name)}"


def undocumented(reference: str) -> str:
    """Without docstrings and comments."""
    tree = ast.parse(reference)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def annotated(reference: str, name: str) -> str:
    """With type hints."""
    tree = ast.parse(reference)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for one in node.args.args:
                one.annotation = ast.Constant("list[float] | None")
            node.returns = ast.Constant("object")
    return ast.unparse(tree)


def with_parameters(reference: str, name: str) -> str:
    """With more parameters that have a default, one by keyword only."""
    tree = ast.parse(reference)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.args.args.append(ast.arg("verbose"))
            node.args.defaults.append(ast.Constant(False))
            node.args.kwonlyargs.append(ast.arg("eps"))
            node.args.kw_defaults.append(ast.Constant(1e-12))
    return ast.unparse(tree)


def styles(reference: str, name: str) -> dict[str, str]:
    """The reference in every style that its kind has."""
    made = {key: f"{code}\n{reference}" for key, code in BEFORE.items()}
    made["no docstring"] = undocumented(reference)
    made["indented by tabs"] = re.sub(r"(?m)^( {4})+", _tabs, reference)
    if re.search(rf"^def {name}\b", reference, re.M):
        made |= {k: wrapped(reference, name, code) for k, code in AROUND.items()}
        made["type hints"] = annotated(reference, name)
        made["more parameters"] = with_parameters(reference, name)
    return made


def _tabs(found: re.Match[str]) -> str:
    return "\t" * (len(found[0]) // 4)


@pytest.fixture(scope="session", autouse=True)
def fork_servers():
    yield
    pool.close()


def plan() -> list[tuple[str, dict[str, str]]]:
    """Submissions: a lesson, and for each of its exercises a style."""
    turn, made = 0, []
    for _ in range(ROUNDS):
        for slug in SLUGS:
            chosen = {}
            for cell in source_of(LESSONS[slug]).exercises():
                names = list(styles(cell.text("en"), cell.name))
                chosen[cell.name] = names[turn % len(names)]
                turn += 1
            made.append((slug, chosen))
    return made


def test_every_style_is_tried_on_several_exercises():
    tried = [style for _, chosen in plan() for style in chosen.values()]
    every = {*BEFORE, *AROUND, "no docstring", "type hints", "more parameters"}
    assert len(every) >= 38
    assert {name: tried.count(name) for name in every if tried.count(name) < 2} == {}


@pytest.mark.parametrize("slug", SLUGS)
def test_an_ordinary_style_has_full_marks_and_calls_no_person(slug, tmp_path):
    lesson = LESSONS[slug]
    references = {c.name: c.text("en") for c in source_of(lesson).exercises()}
    wrong = []
    for number, (of, chosen) in enumerate(plan()):
        if of != slug:
            continue
        answers = {
            name: textwrap.dedent(styles(references[name], name)[style])
            for name, style in chosen.items()
        }
        made = handed_in(lesson, answers, tmp_path / f"{number}.ipynb")
        verdict = grade(made, Settings(unsafe=bool(sandbox.missing())))
        wrong += [f"{chosen}: {why}" for why in verdict.person]
        wrong += [
            f"{mark.exercise}, {chosen[mark.exercise]!r}: {mark.message}"
            for mark in verdict.marks
            if mark.points < mark.of
        ]
    assert wrong == []
