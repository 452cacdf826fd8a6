"""`bmkit answer`: an exercise's answer, as the course's source has it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bmkit.course.cli import options
from bmkit.course.source import regions
from bmkit.course.source.catalog import Course
from bmkit.course.source.loading import source_of
from bmkit.course.words import say
from bmkit.errors import WrongUse
from bmkit.language import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("slug", metavar="SLUG", help="the lesson, as `bmkit list` says")
    parser.add_argument("exercise", metavar="EXERCISE", help="its name")
    options.add_lang(parser)
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Print the code of the answer's cell."""
    named = os.environ.get("BMKIT_COURSE")
    course = Course.find(args.course or (Path(named) if named else None))
    source = source_of(course.pick([args.slug])[0])
    answers = {cell.name: cell for cell in source.exercises()}
    if args.exercise not in answers:
        names = ", ".join(answers)
        told = say(
            "answer.unknown", exercise=args.exercise, slug=args.slug, names=names
        )
        raise WrongUse(told)
    print(regions.answer(answers[args.exercise].text(language())))
    return 0
