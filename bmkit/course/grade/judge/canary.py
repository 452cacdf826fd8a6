"""Checks that must fail: where one passes, the interpreter has been tampered with.

Each is made anew with random numbers, and looks like what a learner's own test cell or
a check might hold, so a notebook cannot know it. One that passes gives no points and
takes none: a person looks.
"""

from __future__ import annotations

import ast
import random

from bmkit.course import parsing

FORMS = (
    "assert {a} == {b}, {says!r}",
    "import torch\nassert torch.allclose({tensors}), {says!r}",
    "import torch\nassert torch.equal({tensors}), {says!r}",
    "import numpy as np\nnp.testing.assert_allclose([{a}], [{b}], err_msg={says!r})",
    "import numpy as np\nassert np.allclose([{a}], [{b}]), {says!r}",
    "import math\nassert math.isclose({a}, {b}), {says!r}",
    "import bmkit as bm\nbm.expect.true({a} == {b}, {says!r})",
)
PLANTED = (
    "bm.expect.close([{a}], [{b}], {says!r})",
    "bm.expect.equal({a}, {b}, {says!r})",
    "bm.expect.true({a} == {b}, {says!r})",
)
WORDS = ("the rows differ at", "not the value of step", "compare with", "wrong in case")


def canaries() -> list[tuple[str, str]]:
    """Every form once, in random order: ``(source, what its error must say)``."""
    made = [_made(form, equal=False) for form in FORMS]
    random.shuffle(made)
    return made


def planted(check: str) -> tuple[str, str, str]:
    """One check twice, each with one test more: a test that holds, one that does not.

    Returns:
        the check that may pass, the check that must fail, and what its error says.
    """
    form = random.choice(PLANTED)
    right, _ = _made(form, equal=True)
    wrong, says = _made(form, equal=False)
    lines = check.splitlines()
    at = random.choice([_first(node) for node in parsing.parse(check).body])
    holds, fails = ("\n".join([*lines[:at], x, *lines[at:]]) for x in (right, wrong))
    return holds, fails, says


def _first(node: ast.stmt) -> int:
    """The line above a statement, its decorators included."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)]) - 1


def _made(form: str, *, equal: bool) -> tuple[str, str]:
    a = round(random.uniform(1, 9), 4)
    b = a if equal else round(a + random.uniform(1, 9), 4)
    says = f"{random.choice(WORDS)} {random.randrange(10**9)}"
    tensors = f"torch.tensor([{a}]), torch.tensor([{b}])"
    return form.format(a=a, b=b, says=says, tensors=tensors), says
