"""`bm.check`: do one exercise's visible tests now, and say what to try next.

The tests and hints are cells of the notebook itself (locked, so any copy of the lesson
on disk has the same). When a learner runs a check cell directly, the same help follows.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bmkit.lab import progress, real_error
from bmkit.lab.expect import CheckFailed
from bmkit.lab.real_error import in_words
from bmkit.lab.words import say

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

    from bmkit.lab.start import Lab


@dataclass
class Exercise:
    """One exercise as the learner's notebook holds it."""

    name: str
    points: float
    code: str
    hints: list[str] = field(default_factory=list)


_lab: Lab | None = None
_hooked = False


def open_lesson(lab: Lab) -> None:
    """Remember the running lesson; help after check cells where IPython runs."""
    global _lab, _hooked
    _lab = lab
    shell = _shell()
    if shell is not None:
        real_error.watch(shell)
    if shell is not None and progress.recorded() and not _hooked:
        shell.events.register("post_run_cell", _after_cell)
        shell.set_custom_exc((NotImplementedError,), _unwritten)
        _hooked = True


def check(name: str) -> None:
    """Run exercise ``name``'s visible tests, show the outcome and the next hint.

    Nothing is raised: the outcome is shown, and recorded for ``bmkit progress``.

    Args:
        name: the exercise's name, as its card says it.
    """
    shell = _shell()
    exercises = _exercises()
    if name not in exercises:
        known = ", ".join(exercises) or say("check.none")
        print(say("check.unknown", name=name, known=known))
        return
    exercise = exercises[name]
    space = shell.user_ns if shell else sys.modules["__main__"].__dict__
    error: BaseException | None = None
    try:
        exec(compile(exercise.code, f"<check {name}>", "exec"), space)
    except Exception as caught:  # whatever the learner's code raises is the outcome
        error = caught
    _report(exercise, error)


def _after_cell(result: ExecutionResult) -> None:
    """IPython's hook: when the cell just run is a check cell, give the same help."""
    source = (getattr(result.info, "raw_cell", None) or "").strip()
    for exercise in _exercises().values() if source else ():
        if exercise.code.strip() == source:
            error = result.error_in_exec or result.error_before_exec
            _report(exercise, error, told=_tells_itself(error))


def _unwritten(
    shell: InteractiveShell,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType,
    **_: object,
) -> None:
    """IPython's handler: a stub is no error that wants a traceback."""
    if _tells_itself(error):
        # Still an error among the outputs: nbgrader looks for one.
        shell._showtraceback(kind, error, [f"✗ {in_words(error)}"])
    else:
        shell.showtraceback((kind, error, trace))


def _tells_itself(error: BaseException | None) -> bool:
    """Whether IPython has shown it in our words already."""
    stub = isinstance(error, NotImplementedError) and not str(error)
    return stub or isinstance(error, CheckFailed)


def _report(
    exercise: Exercise, error: BaseException | None, *, told: bool = False
) -> None:
    attempts = progress.record(
        _lab.slug if _lab else "?", exercise.name, exercise.points, error is None
    )
    if error is None:
        print(say("check.right", name=exercise.name, points=exercise.points))
        return
    if not told:
        print(say("check.wrong", name=exercise.name, why=in_words(error)))
    if exercise.hints:
        count = len(exercise.hints)
        rung = min(attempts, count)
        hint = exercise.hints[rung - 1]
        print(say("check.hint", rung=rung, count=count, hint=hint))


def _shell() -> InteractiveShell | None:
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def _exercises() -> dict[str, Exercise]:
    for path in _notebooks():
        try:
            book = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        meta = book.get("metadata", {}).get("bmkit", {})
        if _lab is None or meta.get("slug") == _lab.slug:
            found = _read(book)
            if found:
                return found
    return {}


def _notebooks() -> list[Path]:
    """Where the running notebook may lie, the likeliest first."""
    shell = _shell()
    named = [os.environ.get("JPY_SESSION_NAME")]
    if shell is not None:
        named.append(shell.user_ns.get("__vsc_ipynb_file__"))
    paths = [Path(name) for name in named if name and str(name).endswith(".ipynb")]
    paths += sorted(Path.cwd().glob("*.ipynb"))
    lang = _lab.lang if _lab else "en"
    root = Path(__file__).resolve().parents[2]
    if _lab is not None:
        paths += root.glob(f"lessons/{lang}/*/*-{_lab.slug}.ipynb")
    return [path for path in paths if path.is_file()]


def _read(book: dict[str, Any]) -> dict[str, Exercise]:
    found: dict[str, Exercise] = {}
    for cell in book.get("cells", []):
        meta = cell.get("metadata", {}).get("bmkit", {})
        text = "".join(cell.get("source", ""))
        if "check" in meta:
            points = cell["metadata"].get("nbgrader", {}).get("points", 0)
            found[meta["check"]] = Exercise(meta["check"], points, text)
        elif meta.get("hint") in found:
            body = text.split("</summary>", 1)[-1].replace("</details>", "")
            found[meta["hint"]].hints.append(body.strip())
    return found
