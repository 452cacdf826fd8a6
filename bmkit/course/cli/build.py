"""`bmkit build`: write lessons/, check that it is current, or make a course folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bmkit.course.build import folder, headers, nbgrader_course, readme
from bmkit.course.build.facts import checked, notes
from bmkit.course.cli import options
from bmkit.course.source.catalog import Course
from bmkit.course.words import say
from bmkit.errors import make_folder, writing
from bmkit.language import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail when lessons/ or the README's table is out of date",
    )
    parser.add_argument(
        "--nbgrader",
        type=options.folder,
        metavar="FOLDER",
        help="make a course folder for stock nbgrader instead",
    )
    options.add_lang(parser, "the language of the assignments and of what is said")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Build, or say how the built differs; return the exit code."""
    course = Course.find(args.course)
    if args.nbgrader:
        lessons = checked(course)
        target = make_folder(args.nbgrader)
        with writing(target):
            made = nbgrader_course.write(target, lessons, lang=language())
        print(say("build.made", folder=target, count=len(made)))
        print(say("build.try", folder=target, slug=made[0]))
        return 0
    course = course.writable()
    for note in notes(course):
        path = note.path.relative_to(course.root).as_posix()
        print(f"{path}:{note.line}: note: {note.message}", file=sys.stderr)
    if args.check:
        lines = headers.differences(course) + folder.differences(course)
        lines += readme.differences(course)
        for line in lines:
            print(line, file=sys.stderr)
        if lines:
            print(say("build.out_of_date"), file=sys.stderr)
        return 1 if lines else 0
    # The headers first: notebooks and tables say what stands in them.
    changed = headers.write(course) + folder.write(course, _kept)
    changed += readme.write(course)
    for written in changed:
        print(written.relative_to(course.root).as_posix())
    key = "build.changed" if changed else "build.current"
    print(say(key, count=len(changed)))
    return 0


def _kept(path: Path, copy: Path) -> None:
    """Tell of somebody's work in lessons/, before the notebook is written anew."""
    print(say("build.kept", path=path, copy=copy), file=sys.stderr)
