"""Grading the graders by machine: mutants of the reference, which the check must catch.

Runs inside a lesson's kernel, in the instructor's notebook, after each exercise's
matrix. Each mutant is tried in a forked child: it is caught when the check raises
anything, does not end, or kills the process. One that passes is a survivor: either the
check tests too little, or the source excuses it and says why it is right.
"""

from __future__ import annotations

import ast
import difflib
import time
from collections import Counter
from collections.abc import Callable
from types import CodeType
from typing import Any

from bmkit.course.json_values import JsonObject
from bmkit.course.run.inside import forked
from bmkit.course.run.inside.observed import Seen, Space, observe
from bmkit.course.run.inside.syntax_mutants import Kinds, SyntaxMutant, syntax_mutants
from bmkit.course.run.inside.wrapped_mutants import (
    WrappedMutant,
    install,
    wrapped_mutants,
)
from bmkit.course.source.regions import HIDDEN, cut
from bmkit.lab.mime import MUTANTS

# Seconds of processor time a mutant gets; or so many times the reference's.
LEAST, TIMES = 3.0, 5.0
CONTROL = 15.0  # seconds of it that the reference gets
NUMBERS = {"int", "float", "bool"}
Mutant = SyntaxMutant | WrappedMutant


def trial(
    space: Space,
    exercise: str,
    *,
    check: str,
    reference: str,
    changes: str = "",
    excuses: dict[str, str] | None = None,
) -> None:
    """Make an exercise's mutants, try each on its check, and show what survived.

    Args:
        space: the notebook's globals.
        exercise: its name.
        check: the check cell as built, hidden tests included.
        reference: the exercise cell with its solution.
        changes: the parameters that an answer may change in place, with blanks between.
        excuses: why a survivor is right, by its title.
    """
    began = time.monotonic()
    row: JsonObject = {"exercise": exercise, "made": 0, "caught": 0, "skipped": ""}
    row["rows"] = rows = []
    if space.get("profile", "ci") != "ci":
        row["skipped"] = "mutants are tried at ci: a check is the same at any size"
    elif not forked.supported():
        row["skipped"] = "this process cannot be forked"
    else:
        tests = _Tests(space, exercise, reference, check)
        seen, limit, failed = tests.control()
        if failed:
            row["skipped"] = f"the reference fails in a forked process: {failed}"
            rows.append(outcome("control", exercise, 0, row["skipped"], ok=False))
        else:
            mutants = _numbered(
                [
                    *syntax_mutants(reference, _kinds(seen)),
                    *wrapped_mutants(seen, tuple(changes.split())),
                ]
            )
            rows += _survivors(tests, mutants, limit, excuses or {})
            row["made"] = len(mutants)
            row["caught"] = len(mutants) - sum(one["kind"] != "stale" for one in rows)
    row["seconds"] = round(time.monotonic() - began, 2)
    show(row)


class _Tests:
    """The check, and how an answer is tried on it in a child."""

    def __init__(self, space: Space, exercise: str, reference: str, check: str) -> None:
        self.space = space
        self.exercise = exercise
        self.text = reference
        self.reference = compile(reference, "<reference>", "exec")
        self.check = compile(check, "<check>", "exec")
        self.visible = compile(cut(check, HIDDEN), "<check>", "exec")

    def control(self) -> tuple[dict[str, Seen], float, str]:
        """What the reference's calls look like, a mutant's seconds, what went wrong."""
        came = forked.in_children([self._observed], CONTROL)[0]
        found = came.value or {"failed": came.lost}
        seen = {target: Seen.read(one) for target, one in found.get("seen", {}).items()}
        limit = max(LEAST, TIMES * found.get("seconds", 0.0))
        return seen, limit, found.get("failed", "")

    def _observed(self) -> JsonObject:
        began = time.process_time()
        try:
            self._run(self.reference)
            self._run(self.check)
            seconds = time.process_time() - began
            self._run(self.reference)
            seen = observe(self.space, self.exercise, lambda: self._run(self.check))
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"}
        return {"seen": seen, "seconds": seconds}

    def attempt(self, mutant: Mutant) -> Callable[[], list[str]]:
        """A job for a child: how the check failed, and its words; or two empty ones."""

        def job() -> list[str]:
            from bmkit.lab.real_error import in_words

            try:
                if isinstance(mutant, SyntaxMutant):
                    self._run(compile(mutant.code, "<mutant>", "exec"))
                else:
                    self._run(self.reference)
                    install(self.space, mutant, lambda: self._run(self.visible))
                self._run(self.check)
            except BaseException as error:  # an exit is caught like any other
                own = isinstance(error, AssertionError) and bool(str(error))
                return ["own" if own else "other", in_words(error)[:200]]
            return ["", ""]

        return job

    def _run(self, code: CodeType) -> None:
        from IPython.utils.capture import capture_output

        with capture_output():
            exec(code, self.space)


def _kinds(seen: dict[str, Seen]) -> Kinds:
    """For each function, the kind of each parameter that was given one kind alone."""
    kinds: Kinds = {}
    for target, one in seen.items():
        mine = kinds[target.rpartition(".")[2]] = {}
        for name, parameter in one.parameters.items():
            given = set(parameter.kinds)
            if given and given <= NUMBERS:
                mine[name] = "number"
            elif len(given) == 1:
                mine[name] = given.pop()
    return kinds


def _numbered(mutants: list[Mutant]) -> dict[str, Mutant]:
    """By title; one that was there already is (2), (3) and so on."""
    count: Counter[str] = Counter()
    found: dict[str, Mutant] = {}
    for mutant in mutants:
        count[mutant.title] += 1
        number = count[mutant.title]
        found[mutant.title + (f" ({number})" if number > 1 else "")] = mutant
    return found


def _survivors(
    tests: _Tests, mutants: dict[str, Mutant], limit: float, excuses: dict[str, str]
) -> list[JsonObject]:
    outcomes = forked.in_children(
        [tests.attempt(one) for one in mutants.values()], limit
    )
    rows: list[JsonObject] = []
    for (title, mutant), came in zip(mutants.items(), outcomes, strict=True):
        raised, words = came.value or ("other", came.lost)
        harmless = isinstance(mutant, WrappedMutant) and mutant.harmless
        if raised == "own" or (raised and not harmless) or (not raised and harmless):
            continue
        why = excuses.get(title, "")
        kind = "excused" if why else "misjudged" if harmless else "survivor"
        line, code = _code(tests.text, mutant)
        rows.append(outcome(kind, title, line, why or words, ok=bool(why), code=code))
    told = {row["title"] for row in rows}
    for title in excuses:
        if title not in told:
            why = "it is caught" if title in mutants else "there is no such mutant"
            rows.append(outcome("stale", title, 0, f"stale excuse: {why}", ok=False))
    return rows


def _code(reference: str, mutant: Mutant) -> tuple[int, str]:
    """The line in the exercise cell, and the lines that changed."""
    if isinstance(mutant, WrappedMutant):
        return 0, ""
    before = ast.unparse(ast.parse(reference)).split("\n")
    rows = difflib.ndiff(before, mutant.code.split("\n"))
    return mutant.line, "\n".join(row for row in rows if row[0] in "+-")


def outcome(
    kind: str, title: str, line: int, message: str, *, ok: bool, code: str = ""
) -> JsonObject:
    """A row of the report: `run.result.Mutant`."""
    return {
        "kind": kind,
        "title": title,
        "line": line,
        "message": message,
        "ok": ok,
        "code": code,
    }


def show(row: JsonObject, mime: str = MUTANTS, what: str = "mutants") -> None:
    """Show what survived, and keep it for the report."""
    from IPython.display import display

    excused = sum(one["kind"] == "excused" for one in row["rows"])
    head = f"{row['exercise']}: {row['made']} {what}, {row['caught']} caught"
    head += f", {excused} excused, in {row['seconds']} s" if row["made"] else ""
    lines = [head, *([row["skipped"]] if row["skipped"] else [])]
    for one in row["rows"]:
        told = f": {one['message']}" if one["message"] else ""
        lines.append(f"{'✓' if one['ok'] else '✗'} {one['kind']}: {one['title']}{told}")
    data: dict[str, Any] = {mime: row, "text/plain": "\n".join(lines)}
    display(data, raw=True)
