"""The memory that grading a large room takes: does it grow, is any result lost?

    python -m tests.benchmarks.bench_memory [COUNT]

One folder of generated submissions to a small lesson, right, wrong and ill-behaved,
graded in one go, two at a time. Printed: the most memory that the grading process and
its children had during the first hundred results and during the last hundred.
"""

from __future__ import annotations

import contextlib
import copy
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from bmkit.course.build import notebooks, release
from bmkit.course.source.catalog import Course, Lesson
from tests.benchmarks import asked, load

COURSE = Path(__file__).resolve().parents[1] / "course"
MEMORY = 512  # MiB that each submission may have
PART = 100  # results of which the peak is taken
KINDS = {
    "right": "def add(a, b):\n    return a + b",
    "wrong": "def add(a, b):\n    return a * b",
    "not done": "def add(a, b):\n    raise NotImplementedError",
    "broken": "def add(a, b:",
    "ends its process": "import os\nos._exit(1)",
    "takes memory": "x = []\nwhile True: x.append(bytearray(2**24))",
    "prints": "def add(a, b):\n    return a + b\n"
    "for _ in range(4000): print('x' * 999)",
    "large answer": "import numpy as np\ndef add(a, b): return np.ones((2000, 2000))",
    "leaves processes": "import os, time\nif os.fork() == 0: time.sleep(600)\n"
    "def add(a, b):\n    return a + b",
    "changes tests": "import bmkit as bm\nbm.expect.true = lambda *a: None\n"
    "def add(a, b):\n    return 0",
}


def fill(folder: Path, lesson: Lesson, count: int) -> None:
    """One file for each student."""
    blank: Any = release.learner_notebook(lesson)
    for number in range(count):
        book = copy.deepcopy(blank)
        answer = list(KINDS.values())[number % len(KINDS)]
        next(cell for cell in book.cells if cell["id"] == "add").source = answer
        home = folder / "submitted" / f"student-{number:04d}" / lesson.slug
        home.mkdir(parents=True)
        text = notebooks.dumps(book)
        (home / f"{lesson.slug}.ipynb").write_text(text, encoding="utf-8")


def resident(pid: int) -> tuple[float, float]:
    """MiB of a process and of its children: the share of each, counted once."""
    from bmkit.course.kernels import usage

    own, theirs = 0.0, 0.0
    for member in usage.descendants(pid, usage.trees()):
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{member}/smaps_rollup").read_text(encoding="ascii")
            share = next(line for line in text.splitlines() if line.startswith("Pss:"))
            found = int(share.split()[1]) / 1024
            own, theirs = (found, theirs) if member == pid else (own, theirs + found)
    return own, theirs


class Watch:
    """Told of each result; looks at the memory meanwhile."""

    def __init__(self) -> None:
        self.students: list[str] = []
        self.refused_: list[str] = []
        self.times: dict[int, list[float]] = {}
        self.seen: list[tuple[int, float, float]] = []
        self.over = threading.Event()
        self.looking = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self.over.wait(0.25):
            self.seen.append((len(self.students), *resident(os.getpid())))

    def expecting(self, count: int, done: int) -> None:
        self.looking.start()

    def graded(self, verdict: Any) -> None:
        self.students.append(verdict.student)
        number = int(verdict.student.rpartition("-")[2])
        self.times.setdefault(number % len(KINDS), []).append(verdict.seconds)
        if len(self.students) % PART == 0:
            print(f"  {len(self.students)} graded", flush=True)

    def refused(self, refused: Any) -> None:
        self.refused_.append(str(refused))

    def noted(self, note: Any) -> None:
        """Nothing to do."""

    def peak(self, first: int, last: int) -> tuple[float, float]:
        """The most that the process and its children had between two results."""
        part = [seen[1:] for seen in self.seen if first <= seen[0] < last]
        return max(own for own, _ in part), max(theirs for _, theirs in part)


def main() -> None:
    """Grade the room and print what it took."""
    from bmkit.course.grade.session import grade_all
    from bmkit.course.grade.settings import Settings
    from bmkit.course.kernels.limits import Limits

    count = asked(500)
    (lesson,) = [one for one in Course(COURSE).lessons() if one.slug == "adding"]
    watch = Watch()
    with tempfile.TemporaryDirectory() as home:
        fill(Path(home), lesson, count)
        print(f"{count} submissions of {len(KINDS)} kinds, {load()}", flush=True)
        began = time.monotonic()
        settings = Settings(jobs=2, limits=Limits(memory=MEMORY))
        outcome = grade_all(Path(home), Course(COURSE).lessons(), settings, watch)
        took = time.monotonic() - began
        watch.over.set()
        watch.looking.join()
        notebooks = len(list(Path(home, "autograded").glob("*/*/*.ipynb")))
    lost = count - len(set(watch.students))
    print(f"{outcome.graded} graded in {took:.0f} s, {60 * count / took:.0f} a minute")
    print(
        f"lost {lost}, refused {len(watch.refused_)}, notebooks {notebooks},", end=" "
    )
    print(f"for a person {outcome.person}")
    for number, kind in enumerate(KINDS):
        if times := watch.times.get(number):
            print(f"  {statistics.median(times):6.3f} s  {kind}")
    part = min(PART, count // 2)
    for name, span in (("first", (0, part)), ("last", (count - part, count))):
        own, theirs = watch.peak(*span)
        print(
            f"peak of the {name} {part}: {own:.0f} MiB, its children {theirs:.0f} MiB"
        )


if __name__ == "__main__":
    main()
