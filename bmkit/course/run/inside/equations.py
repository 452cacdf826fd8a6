"""Grading the equations: a check that holds for a wrong formula too checks nothing.

Runs inside a lesson's kernel, in the instructor's notebook, after each equation cell.
Each perturbation of the cell is tried in a forked child: the comparison must fail, or
the source excuses it. A change that another error stops made no sense, and is not
counted.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from bmkit.course.json_values import JsonObject
from bmkit.course.run.inside import forked
from bmkit.course.run.inside.altered import HELPERS
from bmkit.course.run.inside.mutants import outcome, show
from bmkit.course.run.inside.perturbations import Perturbation, perturbations
from bmkit.lab.expect import CheckFailed
from bmkit.lab.mime import EQUATIONS

MOST = 60  # changes of a cell that are tried
CHILDREN = 2  # that share them
SECONDS = 1.5  # of processor time: after so many a child begins no more changes
FIRST = 2  # but these
LEAST, TIMES = 3.0, 5.0  # seconds that a change gets; or so many times the cell's own
CONTROL = 60.0  # seconds that the cell itself gets
ALL = 300.0  # seconds that a child gets
NOTICED, UNNOTICED, SENSELESS = "noticed", "unnoticed", "senseless"


def trial(
    space: dict[str, Any],
    label: str,
    *,
    code: str,
    excuses: dict[str, str] | None = None,
) -> None:
    """Change an equation's cell in one place after the other; show what nobody noticed.

    Args:
        space: the notebook's globals, after the cell.
        label: the equation's.
        code: its cell.
        excuses: why a change is right, by its title.
    """
    began = time.monotonic()
    row: JsonObject = {"exercise": label, "made": 0, "caught": 0}
    row |= {"skipped": "", "rows": []}
    changes = perturbations(code, label, space)[:MOST]
    if space.get("profile", "ci") != "ci":
        row["skipped"] = "equations are changed at ci: a formula has no size"
    elif not forked.supported():
        row["skipped"] = "this process cannot be forked"
    elif (found := _tried(space, code, changes)) is None:
        row["skipped"] = "the cell does not hold when it is run once more"
        row["rows"].append(outcome("control", label, 0, row["skipped"], ok=False))
    else:
        row["caught"] = list(found.values()).count(NOTICED)
        row["made"] = row["caught"] + list(found.values()).count(UNNOTICED)
        row["rows"] += _survivors(changes, found, excuses or {})
        row["rows"] += _stale(changes, found, excuses or {})
    row["seconds"] = round(time.monotonic() - began, 2)
    show(row, EQUATIONS, "changes")


def _tried(
    space: dict[str, Any], code: str, changes: list[Perturbation]
) -> dict[str, str] | None:
    """What came of each change, by its title; None if the cell itself does not hold."""
    shares = [share for n in range(CHILDREN) if (share := changes[n::CHILDREN])]
    jobs = [partial(_share, space, code, share) for share in shares]
    found: dict[str, str] = {}
    for came in forked.in_children(jobs, ALL):
        if came.value is None and not came.lost:
            return None
        found |= came.value or {}  # of a child that ended by force nothing is known
    return found


def _share(
    space: dict[str, Any], code: str, changes: list[Perturbation]
) -> dict[str, str] | None:
    """In a child: the cell as it is, then some of its changes, one after the other."""
    end, began = time.process_time() + SECONDS, time.monotonic()
    if _attempt(space, code, CONTROL) != UNNOTICED:
        return None
    limit = max(LEAST, TIMES * (time.monotonic() - began))
    found: dict[str, str] = {}
    for change in changes:
        if len(found) >= FIRST and time.process_time() > end:
            break
        found[change.title] = _attempt(space, change.code, limit)
    return found


def _attempt(space: dict[str, Any], code: str, seconds: float) -> str:
    from IPython.utils.capture import capture_output

    try:
        with capture_output(), _limit(seconds):
            exec(compile(code, "<equation>", "exec"), {**space, **HELPERS})
    except CheckFailed:
        return NOTICED
    except Exception:
        return SENSELESS
    return UNNOTICED


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside, after so long."""

    def ring(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _survivors(
    changes: list[Perturbation], found: dict[str, str], excuses: dict[str, str]
) -> Iterator[JsonObject]:
    for change in changes:
        if found.get(change.title) == UNNOTICED:
            why = excuses.get(change.title, "")
            kind = "excused" if why else "survivor"
            yield outcome(kind, change.title, change.line, why, ok=bool(why))


def _stale(
    changes: list[Perturbation], found: dict[str, str], excuses: dict[str, str]
) -> Iterator[JsonObject]:
    """Excuses of what is noticed, or of no change at all.

    Nothing is said of a change for which there was no time.
    """
    made = {change.title for change in changes}
    for title in excuses:
        came = found.get(title, "" if title in made else SENSELESS)
        if came in (NOTICED, SENSELESS):
            why = "it is noticed" if came == NOTICED else "there is no such change"
            yield outcome("stale", title, 0, f"stale excuse: {why}", ok=False)
