"""`bm.progress`: which exercises of this lesson are solved, and which are open."""

from __future__ import annotations

from bmkit.lab import attended, checks, shown
from bmkit.lab import progress as record
from bmkit.lab.exercises import Exercise
from bmkit.lab.words import say


def progress() -> None:
    """Show the exercises of the running lesson, with their state and points."""
    exercises = checks.known()
    if not exercises:
        shown.markdown(say("overview.none"))
        return
    keep = attended.by_a_person()
    states = {name: _state(name, keep=keep) for name in exercises}
    rows = [_row(exercises[name], state) for name, state in states.items()]
    points = sum(x.points for name, x in exercises.items() if states[name] == "solved")
    of = sum(exercise.points for exercise in exercises.values())
    todo = [name for name, state in states.items() if state in ("open", "wrong")]
    done = all(state == "solved" for state in states.values())
    key = "todo" if todo else "done" if done else "sum"
    told = say(f"overview.{key}", points=points, of=of, names=", ".join(todo))
    heads = [say(f"overview.{key}") for key in ("exercise", "state", "points")]
    title = say("overview.title")
    lines = [" | ".join(row) for row in (heads, ["---", "---", "---:"], *rows)]
    table = "\n".join(f"| {line} |" for line in lines)
    plain = "\n".join(f"  {state:<18} {name}  {points}" for name, state, points in rows)
    shown.markdown(f"**{title}**\n\n{table}\n\n{told}", f"{title}\n{plain}\n{told}")


def _state(name: str, *, keep: bool) -> str:
    entry = record.of(checks.slug(), name, keep=keep)
    if entry is None:
        return "open"
    if entry.get("answered"):
        return "answered"
    if entry["passed"]:
        return "solved"
    return "wrong" if entry["attempts"] else "open"


def _row(exercise: Exercise, state: str) -> list[str]:
    earned = exercise.points if state == "solved" else 0
    points = f"{earned:g}/{exercise.points:g}"
    return [exercise.name, say(f"overview.{state}"), points]
