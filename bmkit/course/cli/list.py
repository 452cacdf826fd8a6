"""`bmkit list`: the lessons, a line each."""

from __future__ import annotations

import argparse

from bmkit.course.cli import lessons, options
from bmkit.course.source.catalog import Course
from bmkit.course.words import say
from bmkit.language import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    options.add_lang(parser, "the language of the titles")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Print what there is to know of each lesson; 1 when one has no good header."""
    found, code = lessons.readable(Course.find(args.course))
    for lesson in found:
        minutes = say("list.minutes", minutes=lesson.minutes)
        needs = ", ".join(lesson.needs)
        after = f"  {say('list.needs', slugs=needs)}" if needs else ""
        print(f"{lesson.slug:<24}{minutes}  {lesson.title[language()]}{after}")
    return code
