"""`bmkit test`: pytest over everything, lessons included."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from bmkit.course.kernels import environment
from bmkit.course.source.catalog import clone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whatever follows is pytest's."""
    parser.epilog = "Further arguments go to pytest, as in: bmkit test -m 'not lessons'"


def main(args: argparse.Namespace) -> int:
    """Run pytest in the project's root; return its exit code."""
    env = {**os.environ, **environment.paths()}
    command = [sys.executable, "-m", "pytest", *args.rest]
    return subprocess.run(command, cwd=clone(), env=env, check=False).returncode
