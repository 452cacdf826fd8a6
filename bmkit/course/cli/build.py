"""`bmkit build`: write lessons/, check that it is current, or make a course folder."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from bmkit.course.build import folder, headers, nbgrader_course, readme
from bmkit.course.build.facts import checked, notes
from bmkit.course.cli import options
from bmkit.course.source.catalog import Course
from bmkit.course.words import say
from bmkit.errors import WrongUse, make_folder, writing
from bmkit.language import LANGS, language


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
    parser.add_argument(
        "slugs",
        nargs="*",
        metavar="SLUG",
        help="with --nbgrader: which lessons (default: all)",
    )
    parser.add_argument(
        "--both",
        action="store_true",
        help="with --nbgrader: a course in each language, FOLDER/en and FOLDER/zh",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --nbgrader: replace what you have changed in source/ too; a copy is "
        "kept in replaced/",
    )
    options.add_lang(parser, "the language of the assignments and of what is said")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Build, or say how the built differs; return the exit code."""
    course = Course.find(args.course)
    if args.nbgrader:
        return _nbgrader(course, args)
    if args.slugs or args.both or args.force:
        raise WrongUse(say("build.only"))
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


def _nbgrader(course: Course, args: argparse.Namespace) -> int:
    """Make a course folder, or one in each language."""
    chosen = checked(course, args.slugs)
    homes = {language(): args.nbgrader}
    if args.both:
        homes = {lang: args.nbgrader / lang for lang in LANGS}
    code = 0
    for lang, home in homes.items():
        target = make_folder(home)
        with writing(target):
            made = nbgrader_course.write(target, chosen, lang=lang, force=args.force)
        for path in made.left:
            print(say("build.left", path=path), file=sys.stderr)
        for path in made.kept:
            print(say("build.replaced", path=path), file=sys.stderr)
        if made.book:
            path = target / "nbgrader_config.py"
            print(say("build.book", path=path, url=made.book), file=sys.stderr)
        if "[" in str(target.absolute()):
            print(say("build.bracket", folder=target), file=sys.stderr)
        names, place = made.assignments, shlex.quote(str(target))
        print(say("build.made", folder=target, count=len(names)))
        print(say("build.try", folder=place, slug=names[0]))
        code = code or int(bool(made.left))
    return code


def _kept(path: Path, copy: Path) -> None:
    """Tell of somebody's work in lessons/, before the notebook is written anew."""
    print(say("build.kept", path=path, copy=copy), file=sys.stderr)
