"""`bm.check`: do one exercise's visible tests now, and say what to try next.

When a learner runs a check cell directly, the same help follows (`hooks`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from bmkit.lab import attended, exercises, plain_text, progress, shown
from bmkit.lab.exercises import Exercise
from bmkit.lab.real_error import in_words
from bmkit.lab.unwritten import function_of, is_stub
from bmkit.lab.words import say

if TYPE_CHECKING:
    from bmkit.lab.start import Lab

_lab: Lab | None = None


def open_lesson(lab: Lab) -> None:
    """Remember the running lesson."""
    global _lab
    _lab = lab


def slug() -> str:
    """The running lesson's; "?" before `bm.start`."""
    return _lab.slug if _lab else "?"


def known() -> dict[str, Exercise]:
    """The exercises of the running lesson, by name."""
    lang = _lab.lang if _lab else "en"
    return exercises.of_lesson(_lab.slug if _lab else None, lang)


def called(name: str) -> Exercise | None:
    """The exercise of this name; if there is none, that is said."""
    found = known()
    if name not in found:
        names = ", ".join(found) or say("check.none")
        print(say("check.unknown", name=name, known=names))
    return found.get(name)


def space() -> dict[str, Any]:
    """The notebook's names."""
    shell = exercises.shell()
    return shell.user_ns if shell else sys.modules["__main__"].__dict__


def check(name: str) -> None:
    """Run exercise ``name``'s visible tests, show the outcome and the next hint.

    Nothing is raised: the outcome is shown, and recorded for ``bmkit progress``.

    Args:
        name: the exercise's name, as its card says it.
    """
    exercise = called(name)
    if exercise is None:
        return
    error: BaseException | None = None
    try:
        exec(compile(exercise.code, f"<check {name}>", "exec"), space())
    except Exception as caught:  # whatever the learner's code raises is the outcome
        error = caught
    if error is None or not is_stub(error):
        report(exercise, error)
        return
    shown.message(unwritten(exercise, error))
    if function_of(error) in (*exercise.defines, ""):
        shown.markdown(say("unwritten.stuck", name=name))


def unwritten(exercise: Exercise | None, error: BaseException) -> str:
    """Which stub a check met: the exercise's own, or that of another."""
    function = function_of(error)
    if exercise is None or function in (*exercise.defines, ""):
        name = exercise.name if exercise else function
        return say("unwritten.own", name=name)
    return say("unwritten.needed", name=exercise_of(function))


def exercise_of(function: str) -> str:
    """The exercise that defines a function: its own name where none is known to."""
    found = (one.name for one in known().values() if function in one.defines)
    return next(found, function)


def report(
    exercise: Exercise, error: BaseException | None, *, told: bool = False
) -> None:
    """Record what a check of a written answer came to, and say what helps.

    Args:
        exercise: what was checked.
        error: what the check raised; None when the answer is right.
        told: whether the error has been shown already.
    """
    keep = attended.by_a_person()
    name, points = exercise.name, exercise.points
    progress.record(slug(), name, points, error is None, keep=keep)
    entry = progress.of(slug(), name, keep=keep)
    if error is None:
        answered = bool(entry and entry.get("answered"))
        key = "check.right_answered" if answered else "check.right"
        print(say(key, name=name, points=points))
        return
    if not told:
        shown.message(say("check.wrong", name=name, why=in_words(error)))
    if exercise.hints:
        count = len(exercise.hints)
        hint(exercise, max(1, progress.shown(entry, count)))


def next_hint(exercise: Exercise) -> int:
    """Show the hint after those that the learner has seen; return how many are left."""
    count = len(exercise.hints)

    def asked(entry: progress.Entry) -> None:
        if progress.shown(entry, count) < count:
            entry["asked"] = entry.get("asked", 0) + 1

    keep = attended.by_a_person()
    entry = progress.change(slug(), exercise.name, exercise.points, asked, keep=keep)
    seen = progress.shown(entry, count)
    if seen:
        hint(exercise, seen)
    return count - seen


def hint(exercise: Exercise, rung: int) -> None:
    """Show one hint of the ladder; the first is 1."""
    text, count = exercise.hints[rung - 1], len(exercise.hints)
    plain = say("check.hint", rung=rung, count=count, hint=plain_text.plain(text))
    bold = say("check.hint", rung=f"**{rung}**", count=count, hint=text)
    shown.markdown(bold, plain)
