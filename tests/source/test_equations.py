"""A formula that is changed wants its check looked at, before anything is built."""

import re

import pytest

from bmkit.course.source import equations
from bmkit.course.source.catalog import Course
from bmkit.course.source.equations import displayed
from bmkit.course.source.loading import source_of
from tests import ROOT

MATHEMATICS = [
    x for x in Course(ROOT).lessons() if x.path.parent.name == "04-mathematics"
]
EQUATIONS = [
    (lesson, cell.name)
    for lesson in MATHEMATICS
    for cell in source_of(lesson).cells
    if cell.kind == "equation"
]


def other_sign(formula: str) -> str:
    """The formula with its first plus or minus turned round, or a minus in front."""
    body, *label = re.split(r"(?=\\label)", formula)
    turned = re.sub("[+-]", lambda m: {"+": "-", "-": "+"}[m[0]], body, count=1)
    return "".join([turned if turned != body else f"-{body}", *label])


@pytest.mark.parametrize(
    ("lesson", "label"), EQUATIONS, ids=[f"{x.slug} {label}" for x, label in EQUATIONS]
)
def test_a_sign_in_a_formula_of_mathematics_cannot_be_changed_alone(lesson, label):
    source = source_of(lesson)
    told = []
    for cell in source.cells:
        if cell.kind == "prose" and f"\\label{{{label}}}" in cell.source:
            right = displayed(source, label)
            shown = next(
                part
                for part in cell.source.split("$$")
                if f"\\label{{{label}}}" in part
            )
            before = cell.source
            cell.source = before.replace(shown, other_sign(shown))
            assert displayed(source, label) != right
            told = [problem.message for problem in equations.problems(source)]
            cell.source = before
    assert any("stale equation cell" in message for message in told)
