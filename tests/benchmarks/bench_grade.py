"""`bmkit grade --all` against `nbgrader autograde`, and where a judged second goes.

    python -m tests.benchmarks.bench_grade [SLUG …]

Ours: a room of submissions by the command line, sandbox, grade book and feedback
included. Two figures: from one result to the next, and the whole command, whose start
(importing the frameworks once, table and page at the end) the room's size shares out.
Stock: its command line on a few of the same submissions in a real course folder, from
one result to the next, median. What the lesson's own cells train is taken off both
sides: ours leaves most of it out.
"""

from __future__ import annotations

import copy
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bmkit.course.build import nbgrader_course, notebooks, release
from bmkit.course.kernels import environment
from bmkit.course.source import loading
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.regions import stub
from tests import ROOT
from tests.benchmarks import load, picked

ROOM = {"attention": (24, 40), "published-example": (12, 30)}  # how many; the target
FEW = 4  # for stock
SMALL = '\nprofile, device, seed = "ci", "cpu", 0'


def answers(lesson: Lesson, number: int) -> dict[str, str]:
    """What student ``number`` wrote: right, not done, or one of the known mistakes."""
    source = loading.source_of(lesson)
    chosen = {}
    for place, cell in enumerate(source.exercises()):
        right = cell.text("en")
        ways = [right, *(c.source for c in source.of("mistake", cell.name))]
        ways += [right, *(c.source for c in source.of("variant", cell.name))]
        ways += [right, stub(right)]
        chosen[cell.name] = ways[(number + place) % len(ways)]
    return chosen


def handed_in(lesson: Lesson, number: int) -> str:
    """The notebook of student ``number``, for the smallest profile."""
    book: Any = copy.deepcopy(release.learner_notebook(lesson))
    written = answers(lesson, number)
    for cell in book.cells:
        cell.source = written.get(cell["id"], cell.source)
        if cell.metadata.get("tags") == ["parameters"]:
            cell.source += SMALL
    return notebooks.dumps(book)


def fill(folder: Path, lesson: Lesson, count: int) -> None:
    """A course folder with ``count`` submissions."""
    for number in range(count):
        home = folder / "submitted" / f"student-{number:03d}" / lesson.slug
        home.mkdir(parents=True)
        text = handed_in(lesson, number)
        (home / f"{lesson.slug}.ipynb").write_text(text, encoding="utf-8")


def command(words: list[str], folder: Path) -> float:
    """Seconds that a command takes."""
    began = time.monotonic()
    with environment.kernels():
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"{words}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - began


def ours(lesson: Lesson, count: int) -> tuple[float, float]:
    """Seconds of `bmkit grade --all`, and those from one result to the next."""
    with tempfile.TemporaryDirectory() as home:
        fill(Path(home), lesson, count)
        words = [sys.executable, "-m", "bmkit", "grade", "--all", home, "--jobs", "2"]
        began = time.monotonic()
        with subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            told = [(time.monotonic(), line) for line in process.stdout]
        whole = time.monotonic() - began
    times = [when for when, line in told if line.startswith(("✓", "!"))]
    if process.returncode or len(times) != count:
        raise SystemExit("".join(line for _, line in told))
    return whole, (times[-1] - times[0]) / (count - 1)


def stock(lesson: Lesson, count: int) -> list[tuple[float, float]]:
    """For each submission, seconds by stock and those that its own cells trained."""
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        nbgrader_course.write(folder, [lesson])
        command([nbgrader, "generate_assignment", lesson.slug], folder)
        fill(folder, lesson, count)
        before = time.time()
        command([nbgrader, "autograde", lesson.slug], folder)
        made = sorted(
            (folder / "autograded").glob(f"*/{lesson.slug}/*.ipynb"),
            key=lambda path: path.stat().st_mtime,
        )
        if len(made) != count:
            raise SystemExit(f"stock graded {len(made)} of {count}")
        found = []
        for path in made:
            found.append((path.stat().st_mtime - before, trained(lesson, path)))
            before = path.stat().st_mtime
        return found


def trained(lesson: Lesson, path: Path) -> float:
    """Seconds in the lesson's unchanged cells, but for the one that imports."""
    import nbformat

    own = {
        cell.source.strip()
        for cell in release.learner_notebook(lesson).cells
        if "nbgrader" not in cell.metadata and "bm.start(" not in cell.source
    }
    book: Any = nbformat.read(path, as_version=4)
    total = 0.0
    for cell in book.cells:
        times = cell.metadata.get("execution", {})
        if cell.source.strip() in own and "shell.execute_reply" in times:
            began, ended = (
                datetime.fromisoformat(times[name].replace("Z", "+00:00"))
                for name in ("iopub.execute_input", "shell.execute_reply")
            )
            total += (ended - began).total_seconds()
    return total


def phases(lesson: Lesson) -> dict[str, float]:
    """Where the time of one judged submission goes, in seconds; the median of some."""
    from bmkit.course.grade import feedback, gradebook, room, session
    from bmkit.course.grade.judge import judge, processes
    from bmkit.course.grade.settings import Settings

    found: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    for owner, name, phase in (
        (processes.ProcessPair, "__enter__", "fork both processes"),
        (processes.ProcessPair, "__exit__", "end both processes"),
        (judge._Judging, "_run", "cells"),
        (judge._Judging, "_mark", "checks"),
        (gradebook, "write_notebook", "write the notebook"),
        (feedback, "write", "write the feedback"),
        (gradebook.Book, "record", "grade book"),
        (room.Room, "_job", "read the file"),
    ):
        setattr(owner, name, timed(getattr(owner, name), spent, phase))

    class Listener:
        """Takes the times of each submission in turn."""

        def expecting(self, count: int, done: int) -> None: ...

        def graded(self, verdict: Any) -> None:
            found["all of the judge"].append(verdict.seconds)
            for phase, seconds in spent.items():
                found[phase].append(seconds)
            spent.clear()

        def refused(self, refused: Any) -> None:
            raise SystemExit(str(refused))

        def noted(self, note: Any) -> None:
            raise SystemExit(str(note))

    with tempfile.TemporaryDirectory() as home:
        fill(Path(home), lesson, 8)
        session.grade_all(
            Path(home), Course(ROOT).lessons(), Settings(jobs=1), Listener()
        )
    return {phase: statistics.median(times) for phase, times in found.items()}


def timed(function: Any, spent: dict[str, float], phase: str) -> Callable[..., Any]:
    """``function``, adding the time it takes to ``spent``."""

    def timing(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[phase] += time.perf_counter() - began

    return timing


def compare(lesson: Lesson, count: int, target: int) -> None:
    """Print both sides, the ratio and the profile."""
    print(f"{lesson.slug}: {count} submissions, {load()}", flush=True)
    ours(lesson, 2)  # what it reads is in memory now, as it will be for stock
    room, each = ours(lesson, count)
    shared = room / count
    print(f"  bmkit grade --all: {each:.3f} s each, {60 / each:.0f} a minute;", end=" ")
    print(f"the whole command {room:.1f} s, {60 / shared:.0f} a minute", flush=True)
    theirs = stock(lesson, FEW)
    whole = statistics.median(seconds for seconds, _ in theirs)
    bare = statistics.median(seconds - training for seconds, training in theirs)
    print(f"  nbgrader autograde: {whole:.2f} s each, {60 / whole:.1f} a minute")
    print(f"  without what the lesson trains: {bare:.2f} s, {60 / bare:.1f} a minute")
    print(f"  ratio {bare / each:.0f} x (target {target});", end=" ")
    print(f"with training {whole / each:.0f} x;", end=" ")
    print(f"start included {bare / shared:.0f} x")
    for phase, seconds in phases(lesson).items():
        print(f"    {seconds * 1e3:7.1f} ms  {phase}")


def main() -> None:
    """Compare for the lessons named, or for those with a target."""
    os.environ["BMKIT_OFFLINE"] = "1"
    slugs = sys.argv[1:] or list(ROOM)
    for lesson in picked(slugs):
        compare(lesson, *ROOM.get(lesson.slug, (12, 30)))


if __name__ == "__main__":
    main()
