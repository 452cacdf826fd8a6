"""`bmkit run --fresh` against what its lessons' own code takes, and against papermill.

    python -m tests.benchmarks.bench_run [--profile ci] [--all | SLUG …]

A few lessons are measured, chosen by a hash of their sources, so that it takes minutes;
--all measures every one. Three sides: each lesson as a plain script with one thread
(its CPU seconds, shared out over the cores, are the least that a run could take);
`bmkit run --fresh`; papermill with ordinary kernels, one lesson after another.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bmkit.course.build.notebooks import instructor_notebook
from bmkit.course.kernels import environment
from bmkit.course.source.catalog import Lesson
from tests import ROOT
from tests.benchmarks import busy, load, picked
from tests.course_lessons import sample

SAMPLE = 3  # lessons: enough for every core until the end


def notebook(lesson: Lesson) -> dict:
    """The instructor's notebook, as JSON has it."""
    from bmkit.course.build.notebooks import dumps

    return json.loads(dumps(instructor_notebook(lesson, "en")))


def script(lesson: Lesson, profile: str) -> str:
    """The lesson's cells one below the other, with papermill's parameters."""
    lines = []
    for cell in notebook(lesson)["cells"]:
        if cell["cell_type"] == "code":
            lines.append("".join(cell["source"]))
            if "parameters" in cell["metadata"].get("tags", []):
                lines.append(f"profile, device, seed = {profile!r}, 'auto', 0")
    return "\n\n".join(lines)


def cpu(words: list[str], folder: Path, env: dict[str, str]) -> float:
    """CPU seconds that a command and all that it started took."""
    with open(folder / "said", "w+b") as said:
        process = subprocess.Popen(
            words, cwd=folder, env=env, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(words)}: {said.read().decode()[-600:]}")
    return used.ru_utime + used.ru_stime


def as_script(lesson: Lesson, profile: str, folder: Path) -> float:
    """CPU seconds of the lesson as a plain script."""
    path = folder / "lesson.py"
    path.write_text(script(lesson, profile), encoding="utf-8")
    env = {**os.environ, **environment.variables(1), "MPLBACKEND": "agg"}
    return cpu([sys.executable, str(path)], folder, {**env, "PYTHONPATH": str(ROOT)})


def as_run(slugs: list[str], profile: str, folder: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds of `bmkit run --fresh`, and what others took meanwhile."""
    words = [sys.executable, "-m", "bmkit", "run", *slugs, "--fresh"]
    words += ["--profile", profile, "--output", str(folder / "report")]
    began, before = time.perf_counter(), busy()
    used = cpu(words, folder, {**os.environ, "PYTHONPATH": str(ROOT)})
    return time.perf_counter() - began, used, max(0.0, busy() - before - used)


def as_papermill(lesson: Lesson, profile: str, folder: Path) -> float:
    """Wall seconds of papermill's own command with an ordinary kernel."""
    source = folder / "lesson.ipynb"
    source.write_text(json.dumps(notebook(lesson)), encoding="utf-8")
    words = [sys.executable, "-m", "papermill", str(source), str(folder / "out.ipynb")]
    words += ["-k", "python3", "-p", "profile", profile, "-p", "device", "auto"]
    words += ["-p", "seed", "0", "--cwd", str(folder), "--no-progress-bar"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "BMKIT_PROGRESS": "off"}
    began = time.perf_counter()
    subprocess.run(words, check=True, env=env, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Measure the three sides and print the two ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", default="ci")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("slugs", nargs="*")
    args = parser.parse_args()
    lessons = picked(args.slugs) if args.all or args.slugs else sample(SAMPLE)
    scripts = papermill = 0.0
    for lesson in lessons:
        with tempfile.TemporaryDirectory() as folder:
            plain = as_script(lesson, args.profile, Path(folder))
            wall = as_papermill(lesson, args.profile, Path(folder))
        print(
            f"{lesson.slug:20} script {plain:6.1f} s CPU   papermill {wall:6.1f} s",
            flush=True,
        )
        scripts, papermill = scripts + plain, papermill + wall
    slugs = [lesson.slug for lesson in lessons]
    with tempfile.TemporaryDirectory() as folder:
        run, used, others = as_run(slugs, args.profile, Path(folder))
    cores = os.cpu_count() or 1
    least = scripts / cores
    print(f"scripts {scripts:.1f} s CPU, over {cores} cores {least:.1f} s")
    print(f"bmkit run --fresh: {run:.1f} s ({used:.1f} s CPU; others {others:.1f} s)")
    print(f"papermill: {papermill:.1f} s")
    print(f"run / scripts: {run / least:.2f}   (aim: at most 1.15)")
    print(f"papermill / run: {papermill / run:.2f}   (aim: at least 1.8)")
    print(load())


if __name__ == "__main__":
    main()
