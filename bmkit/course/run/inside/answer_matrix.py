"""Grading the graders: runs inside a lesson's kernel, in the instructor's notebook.

After each exercise's check, the build puts a cell that calls `matrix`: the reference
must pass, the untouched stub and every known mistake must fail, each with its message,
and every variant must pass. Running the check once more must leave no name and change
none. All of it happens in the one kernel that runs the lesson.
"""

from __future__ import annotations

from typing import Any

from bmkit.course.json_values import JsonObject
from bmkit.lab.mime import GRADER
from bmkit.lab.real_error import in_words


def matrix(
    space: dict[str, Any],
    exercise: str,
    *,
    points: float,
    check: str,
    reference: str,
    stub: str,
    mistakes: list[tuple[str, str, float]],
    variants: list[str],
    messages: bool,
) -> None:
    """Try the check on every known answer and show the outcomes.

    Args:
        space: the notebook's globals; each answer gets a copy of its own.
        exercise: its name.
        points: what it is worth.
        check: the check cell as built, hidden tests included.
        reference: the exercise cell with its solution.
        stub: the exercise cell as learners get it.
        mistakes: ``(says, code, points)`` of each known mistake.
        variants: other right answers.
        messages: whether ``says`` is compared (mistakes are written in English).
    """
    answers = [("reference", "", reference, points), ("stub", "", stub, 0.0)]
    answers += [("mistake", *mistake) for mistake in mistakes]
    answers += [("variant", "", code, points) for code in variants]
    rows = []
    for kind, says, code, worth in answers:
        wanted = "pass" if kind in ("reference", "variant") else "fail"
        error = _try(dict(space), code, check)
        message = in_words(error) if error else ""
        gets = getattr(error, "points", 0.0) if error else points
        ok = bool(error) == (wanted == "fail") and gets == worth
        if gets != worth:
            message = f"{gets:g} of {points:g} points, not {worth:g}: {message}"
        if kind == "mistake" and messages:
            ok = ok and says in message
        rows.append(
            {
                "kind": kind,
                "expected": wanted,
                "ok": ok,
                "says": says,
                "message": message,
            }
        )
    rows.append(_again(space, check))
    show(exercise, points, rows)


def _again(space: dict[str, Any], check: str) -> dict[str, Any]:
    """Run the check in the lesson itself, as who presses the key twice does."""
    before = {name: id(value) for name, value in space.items()}
    error = _try(space, "", check)
    after = {name: id(value) for name, value in space.items()}
    changed = sorted(
        name for name in before | after if before.get(name) != after.get(name)
    )
    return {
        "kind": "again",
        "expected": "pass",
        "ok": not error and not changed,
        "says": "",
        "message": in_words(error) if error else ", ".join(changed),
    }


def _try(space: dict[str, Any], answer: str, check: str) -> Exception | None:
    try:
        exec(compile(answer, "<answer>", "exec"), space)
        exec(compile(check, "<check>", "exec"), space)
    except Exception as error:  # any error fails an answer, as it does in nbgrader
        return error
    return None


def show(exercise: str, points: float, rows: list[JsonObject], **more: Any) -> None:
    """Show how known answers were judged, and keep it for the report."""
    from IPython.display import display

    text = "\n".join(
        f"{'✓' if row['ok'] else '✗'} {row['kind']:<9} {row['message'] or 'passes'}"
        for row in rows
    )
    data = {"exercise": exercise, "points": points, "rows": rows, **more}
    display({GRADER: data, "text/plain": f"{exercise}\n{text}"}, raw=True)
