"""`bmkit test`: pytest over everything, lessons included."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from bmkit.course.source.catalog import ROOT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whatever follows is pytest's."""
    parser.epilog = "Further arguments go to pytest, as in: bmkit test -m 'not lessons'"


def main(args: argparse.Namespace) -> int:
    """Run pytest in the project's root; return its exit code."""
    # nbgrader runs alembic from PATH, which an unactivated environment is not on.
    here = os.path.dirname(sys.executable)
    env = {**os.environ, "PATH": here + os.pathsep + os.environ.get("PATH", "")}
    command = [sys.executable, "-m", "pytest", *args.rest]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
