"""How long commands take that someone waits for, beside what they took before.

    python -m tests.benchmarks.bench_commands

Each is run in a process of its own, on a copy of the course. One lesson is run for
good; what came of it stands for what came of the others, so that the second run has
every result to read and no lesson to run.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bmkit.course.build.notebooks import dumps
from bmkit.course.build.release import learner_notebook
from bmkit.course.kernels import environment
from bmkit.course.run import execution, jobs, kept_results, runner
from bmkit.course.run.worker import work
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.loading import source_of
from tests import ROOT
from tests.benchmarks import load

# Wall and CPU seconds on two cores before anything was kept between commands, and the
# wall seconds aimed at. None: not measured then.
BEFORE: dict[str, tuple[float | None, float | None, float]] = {
    "list": (None, None, 0.5),
    "progress": (None, 2.2, 0.5),
    "build --check, nothing kept": (None, 14.0, 15.0),
    "build --check, nothing changed": (None, 14.0, 3.0),
    "build --check, a lesson changed": (None, 14.0, 1.5),
    "run, nothing changed": (11.5, None, 2.0),
    "grade FILE": (21.0, None, 8.0),
    "grade FILE, a grader stands by": (None, None, 2.0),
}
ROUNDS = 3


def copied(folder: Path) -> Course:
    """A copy of the course that may be changed."""
    for name in ("solutions", "lessons", "datasets"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("README.md", "README.zh.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return Course(folder)


def took(words: list[str], course: Course) -> tuple[float, float]:
    """Wall and CPU seconds of a command, all that it started included."""
    command = [sys.executable, "-m", "bmkit", *words, "--course", str(course.root)]
    env = {**os.environ, **environment.paths(), "BMKIT_PROGRESS": "off"}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=env, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        # A changed lesson makes `build --check` end with 1, as it should.
        if process.returncode not in (0, 1):
            said.seek(0)
            sys.exit(f"{' '.join(words)}: {said.read().decode()[-600:]}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


def best(name: str, words: list[str], course: Course, rounds: int = ROUNDS) -> None:
    """Print a command's best of some rounds: the machine may be busy with others."""
    wall, cpu = min(took(words, course) for _ in range(rounds))
    before, before_cpu, aim = BEFORE[name]
    told = f"{before:.1f} s" if before else "-"
    told_cpu = f"{before_cpu:.1f} s" if before_cpu else "-"
    row = f"{wall:7.2f} s {cpu:7.2f} s {told:>9} {told_cpu:>9} {aim:7.1f} s"
    print(f"{name:32}{row}", flush=True)


def keep_results(course: Course) -> None:
    """Run the first lesson; keep what came of it as every lesson's result."""
    settings = execution.Settings(profile="ci", device="cpu", store=course.results)
    lessons = [one for one in course.lessons() if not jobs.absent(one)]
    keys = [runner._key(lesson, settings, "cpu") for lesson in lessons]
    notebook = runner._instructor(lessons[0], "en")
    job = jobs.job(lessons[0], settings, 1, keys[0], notebook)
    result = work(job)
    if not result.good:
        sys.exit(f"{lessons[0].slug}: {result.status}: {result.message}")
    for lesson, key in zip(lessons, keys, strict=True):
        names = {"slug": lesson.slug, "title": lesson.title["en"], "key": key}
        kept = dataclasses.replace(result, **names)
        kept_results.keep(kept, dataclasses.replace(job, **names), settings.store)


def honest(lesson: Lesson, path: Path) -> Path:
    """A learner's notebook with every answer right."""
    book = learner_notebook(lesson)
    answers = {cell.name: cell.text("en") for cell in source_of(lesson).exercises()}
    for cell in book.cells:
        cell.source = answers.get(cell["id"], cell.source)
    path.write_text(dumps(book), encoding="utf-8")
    return path


def main() -> None:
    """Measure each command and print it beside what it was."""
    with tempfile.TemporaryDirectory() as folder:
        course = copied(Path(folder) / "course")
        lessons = course.lessons()
        print(f"{len(lessons)} lessons; best of {ROUNDS}")
        print(f"{'':32}{'wall':>9} {'CPU':>9} {'before':>9} {'CPU':>9} {'aim':>9}")
        best("build --check, nothing kept", ["build", "--check"], course, 1)
        best("build --check, nothing changed", ["build", "--check"], course)
        best("list", ["list"], course)
        best("progress", ["progress"], course)
        keep_results(course)
        best(
            "run, nothing changed",
            ["run", "--profile", "ci", "--device", "cpu"],
            course,
        )
        by_slug = {lesson.slug: lesson for lesson in lessons}
        path = honest(by_slug.get("attention", lessons[0]), Path(folder) / "mine.ipynb")
        best("grade FILE", ["grade", str(path)], course)
        took(["grade", "--keep-warm", str(path)], course)
        best("grade FILE, a grader stands by", ["grade", str(path)], course)
        with open(lessons[0].path, "a", encoding="utf-8") as source:
            source.write("\n# %%\n1 + 1\n")
        best("build --check, a lesson changed", ["build", "--check"], course, 1)
    print(load())


if __name__ == "__main__":
    main()
