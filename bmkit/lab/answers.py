"""`bm.answer`: the reference answer of an exercise, for who is stuck and reads on.

What a lesson imports knows no solutions. The kit, in a process of its own, is asked.
"""

from __future__ import annotations

import linecache
import os
import subprocess
import sys

from bmkit.lab import attended, checks, course_files, progress, shown
from bmkit.lab.words import say
from bmkit.language import language

PATIENCE = 120  # seconds for the kit to read a source on a busy machine


class NoAnswer(Exception):
    """The kit has no answer; the message has its reason."""


def answer(name: str) -> None:
    """Show the answer of exercise ``name`` and let the rest of the lesson use it.

    As long as there are hints that the learner has not seen, the next is shown instead.
    The answer gives no points. Who has solved the exercise keeps their own.

    Args:
        name: the exercise's name, as its card says it.
    """
    exercise = checks.called(name)
    if exercise is None:
        return
    if attended.by_a_grader():
        print(say("answer.graded"))
        return
    keep, slug = attended.by_a_person(), checks.slug()
    entry = progress.of(slug, name, keep=keep)
    solved = progress.solved(entry)
    if not solved and progress.shown(entry, len(exercise.hints)) < len(exercise.hints):
        left = checks.next_hint(exercise)
        key = "answer.left" if left else "answer.last"
        shown.markdown(say(key, count=left, name=name))
        return
    try:
        code = reference(slug, name)
    except NoAnswer as error:
        print(say("answer.none", name=name, why=error))
        return
    if not solved:
        _define(name, code)
        progress.change(slug, name, exercise.points, _was_shown, keep=keep)
    said = say("answer.solved" if solved else "answer.shown", name=name)
    shown.markdown(f"{said}\n\n```python\n{code}\n```", f"{said}\n\n{code}")


def reference(slug: str, name: str) -> str:
    """The answer's code, as the course's source has it.

    Raises:
        NoAnswer: the kit has none, or cannot be asked.
    """
    # -P: no file of the learner's own takes the place of a module.
    command = [sys.executable, "-P", "-m", "bmkit", "answer", slug, name]
    command += ["--lang", language()]
    places = [str(course_files.PACKAGE.parent), os.environ.get("PYTHONPATH")]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
        "PYTHONIOENCODING": "utf-8",
    }
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", env=env, timeout=PATIENCE
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoAnswer(type(error).__name__) from error
    if done.returncode:
        raise NoAnswer((done.stderr.strip().splitlines() or ["?"])[-1])
    return done.stdout.rstrip()


def _define(name: str, code: str) -> None:
    """Put what the answer defines into the notebook, its text where Python finds it."""
    file = f"<answer {name}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    exec(compile(code, file, "exec"), checks.space())


def _was_shown(entry: progress.Entry) -> None:
    entry["answered"] = True
