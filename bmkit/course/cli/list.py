"""`bmkit list`: the lessons, a line each."""

from __future__ import annotations

import argparse

from bmkit.course.cli import options
from bmkit.course.source.catalog import LANGS, Course


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--lang", choices=LANGS, default="en")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Print slug, minutes and title of every lesson."""
    for lesson in Course.find(args.course).lessons():
        title = lesson.title[args.lang]
        print(f"{lesson.slug:<24}{lesson.minutes:>4} min  {title}")
    return 0
