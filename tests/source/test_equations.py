"""A formula that is changed wants its check looked at, before anything is built."""

import re

from bmkit.course.source import equations
from bmkit.course.source.cells import Source
from bmkit.course.source.equations import displayed
from bmkit.course.source.loading import source_of
from tests.course_lessons import LESSONS, each_lesson


def other_sign(formula: str) -> str:
    """The formula with its first plus or minus turned round, or a minus in front."""
    body, *label = re.split(r"(?=\\label)", formula)
    turned = re.sub("[+-]", lambda m: {"+": "-", "-": "+"}[m[0]], body, count=1)
    return "".join([turned if turned != body else f"-{body}", *label])


@each_lesson
def test_a_sign_in_a_formula_cannot_be_changed_alone(slug):
    source = source_of(LESSONS[slug])
    for label in (cell.name for cell in source.cells if cell.kind == "equation"):
        told = changed(source, label)
        assert any("stale equation cell" in message for message in told), label


def changed(source: Source, label: str) -> list[str]:
    """What is told of a source in which a sign of this formula is another."""
    right = displayed(source, label)
    mark = f"\\label{{{label}}}"
    for cell in source.cells:
        if cell.kind == "prose" and mark in cell.source:
            before = cell.source
            shown = next(part for part in before.split("$$") if mark in part)
            cell.source = before.replace(shown, other_sign(shown))
            try:
                assert displayed(source, label) != right
                return [problem.message for problem in equations.problems(source)]
            finally:
                cell.source = before
    return []
