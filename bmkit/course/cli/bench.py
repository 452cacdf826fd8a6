"""`bmkit bench`: both sides of each measurement in one run, and their ratio."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from bmkit.course.kernels import environment
from bmkit.course.source.catalog import clone

# name: what is compared. Each is tests/benchmarks/bench_<name>.py.
BENCHMARKS = {
    "models": "training bmkit.models' GPT against the same net of PyTorch's modules",
    "kernels": "request to first cell: warm, in the sandbox, cold",
    "grade": "grading a room against stock nbgrader autograde",
    "similarity": "copies in disguise found, honest pairs accused",
    "run": "bmkit run against plain scripts and against papermill",
    "commands": "commands that someone waits for, beside what they took before",
    "memory": "500 submissions in one go: does memory grow?",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments; what follows a name is the benchmark's own."""
    rows = "\n".join(f"  {name:8} {about}" for name, about in BENCHMARKS.items())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"benchmarks:\n{rows}\n\nThey take minutes: leave the machine alone."
    )
    parser.add_argument(
        "name", nargs="?", choices=BENCHMARKS, help="all of them when none is named"
    )


def main(args: argparse.Namespace) -> int:
    """Run one benchmark or all; return the first exit code that is not 0."""
    root = clone()
    env = {**os.environ, **environment.paths()}
    for name in [args.name] if args.name else BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name]}", flush=True)
        module = f"tests.benchmarks.bench_{name}"
        words = [sys.executable, "-m", module, *args.rest]
        done = subprocess.run(words, cwd=root, env=env, check=False)
        if done.returncode:
            return done.returncode
    return 0
