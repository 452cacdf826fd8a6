"""Checks in parts: the points make up the exercise's, and learners see each part."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bmkit.course import parsing
from bmkit.course.source.cells import Cell, Problem, Source
from bmkit.course.source.regions import HIDDEN, cut

CALL = "bm.expect.part"


def problems(source: Source) -> Iterator[Problem]:
    """What is wrong with the parts of a source's checks."""
    for exercise in source.exercises():
        for check in source.of("check", exercise.name):
            if f"{CALL}(" in check.source:
                for message in _wrong(check, exercise):
                    yield Problem(source.path, check.line, message)
        of = exercise.options.get("points", 0)
        for mistake in source.of("mistake", exercise.name):
            points = mistake.options.get("points", 0)
            if not isinstance(points, int | float) or not 0 <= points < of:
                message = f"mistake of {exercise.name!r}: points= must be below {of}"
                yield Problem(source.path, mistake.line, message)


def _wrong(check: Cell, exercise: Cell) -> Iterator[str]:
    try:
        every, seen = _points(check.source), _points(cut(check.source, HIDDEN))
    except SyntaxError:  # a part of which learners see nothing; or told elsewhere
        yield f"each part of check {check.name!r} needs a test that learners see"
        return
    of = exercise.options.get("points")
    if every != seen:
        yield f"a whole part of check {check.name!r} is hidden: hide tests within parts"
    if len(every) < 2:
        yield f"check {check.name!r} has one part alone: it needs two, or none"
    if None in every:
        yield f"check {check.name!r}: {CALL}(POINTS, TITLE) needs a number above 0"
    elif sum(one or 0 for one in every) != of:
        total = sum(one or 0 for one in every)
        yield f"the parts of check {check.name!r} have {total:g} points, it has {of}"


def _points(code: str) -> list[float | None]:
    """What each part of a check is worth; None where that is no number above 0."""
    found: list[float | None] = []
    for node in ast.walk(parsing.parse(code)):
        if isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and ast.unparse(call.func) == CALL:
                    given = call.args[0] if call.args else None
                    value = given.value if isinstance(given, ast.Constant) else None
                    number = isinstance(value, int | float) and value > 0
                    found.append(float(value) if number else None)  # type: ignore[arg-type]
    return found
