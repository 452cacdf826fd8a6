"""`bmkit stamp [FILE…]`: fill in hashes, begin lists of phrases, say what is stale."""

from __future__ import annotations

import argparse
import errno
import sys
from pathlib import Path

from bmkit.course.cli import lessons, options
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import SourceError
from bmkit.course.source.stamp import Stamped, stamp
from bmkit.course.words import say
from bmkit.errors import reason
from bmkit.lab.words import say as lab_says


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="sources (default: all of the course)",
    )
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Stamp each file; return 1 if one is not there, or is no source."""
    files, code = args.files, 0
    if not files:
        found, code = lessons.readable(Course.find(args.course).writable())
        files = [lesson.path for lesson in found]
    for path in files:
        if not path.is_file():
            absent = reason(FileNotFoundError(errno.ENOENT, ""))
            why = lab_says("files.no_file") if path.exists() else absent
            print(say("main.refused", path=path, why=why), file=sys.stderr)
            code = 1
            continue
        try:
            done = stamp(path)
        except SourceError as error:
            lessons.tell(error.problems)
            code = 1
            continue
        for line in done.filled:
            print(f"{path}:{line}: hash filled in")
        for line, count in done.listed:
            print(f"{path}:{line}: phrases without Chinese: {count}, listed here")
        for line in done.begun:
            print(f"{path}:{line}: a translation begun: write the Chinese")
        for line, right in done.stale:
            print(f'{path}:{line}: stale: look at it, then set of="{right}"')
        if done == Stamped():
            print(f"{path}: nothing to fill in")
    return code
