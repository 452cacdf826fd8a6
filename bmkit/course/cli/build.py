"""`bmkit build`: write lessons/, check that it is current, or make a course folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bmkit.course.build import folder, headers, nbgrader_course, readme
from bmkit.course.build.facts import checked, notes
from bmkit.course.cli import options
from bmkit.course.source.catalog import LANGS, Course


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail when lessons/ or the README's table is out of date",
    )
    parser.add_argument(
        "--nbgrader",
        type=Path,
        metavar="FOLDER",
        help="make a course folder for stock nbgrader instead",
    )
    parser.add_argument("--lang", choices=LANGS, default="en", help="for --nbgrader")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Build, or say how the built differs; return the exit code."""
    course = Course.find(args.course)
    if args.nbgrader:
        lessons = checked(course)
        made = nbgrader_course.write(args.nbgrader, lessons, lang=args.lang)
        print(f"{args.nbgrader}: an nbgrader course of {len(made)} assignments")
        print(f"try: cd {args.nbgrader} && nbgrader generate_assignment {made[0]}")
        return 0
    for note in notes(course):
        path = note.path.relative_to(course.root).as_posix()
        print(f"{path}:{note.line}: note: {note.message}", file=sys.stderr)
    if args.check:
        lines = headers.differences(course) + folder.differences(course)
        lines += readme.differences(course)
        for line in lines:
            print(line, file=sys.stderr)
        if lines:
            print("lessons are out of date: run `bmkit build`", file=sys.stderr)
        return 1 if lines else 0
    # The headers first: notebooks and tables say what stands in them.
    changed = headers.write(course) + folder.write(course) + readme.write(course)
    for path in changed:
        print(path.relative_to(course.root).as_posix())
    print(f"{len(changed)} files changed" if changed else "everything is up to date")
    return 0
