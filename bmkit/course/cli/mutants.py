"""`bmkit mutants`: what a check does not catch, without running the whole lesson."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Literal

from bmkit.course.build.notebooks import dumps, instructor_notebook
from bmkit.course.cli import options
from bmkit.course.grade.judge.slicing import needed
from bmkit.course.json_values import JsonObject
from bmkit.course.run.result import Mutant, Result
from bmkit.course.run.worker import Job, work
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import nearest
from bmkit.course.source.loading import source_of
from bmkit.course.words import say
from bmkit.errors import BmkitError
from bmkit.language import language, one_line

NUMBERS: tuple[Literal["exercise", "made", "caught", "seconds"], ...]
NUMBERS = ("exercise", "made", "caught", "seconds")


class NoExercise(BmkitError):
    """The lesson has no exercise of that name; the message says which it has."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("slug", metavar="SLUG", help="the lesson")
    about = "of these exercises; of all when none is named"
    parser.add_argument("exercises", nargs="*", metavar="EXERCISE", help=about)
    options.add_lang(parser)
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Try the mutants and print those that survive, with their code; 1 if any does."""
    (lesson,) = Course.find(args.course).pick([args.slug])
    known = [cell.name for cell in source_of(lesson).exercises()]
    for name in args.exercises:
        if name not in known:
            why = say("mutants.unknown", name=name, slug=lesson.slug)
            raise NoExercise(why + nearest(name, known))
    book = part(json.loads(dumps(instructor_notebook(lesson))), args.exercises or known)
    result = work(
        Job(
            slug=lesson.slug,
            title=lesson.title[language()],
            notebook=json.dumps(book),
            parameters={"profile": "ci", "device": "cpu", "seed": 0},
            kernel="bmkit-tensorflow" if "tensorflow" in lesson.extras else "bmkit",
            lang=language(),
        )
    )
    for one in result.mutants:
        numbers = {key: one[key] for key in NUMBERS}
        print(say("mutants.made", language(), **numbers))
        if one["skipped"]:
            print(one["skipped"])
    tell([lesson], [result], code=True)
    if not result.good:
        print(f"{lesson.slug}: {result.says}: {result.message}", file=sys.stderr)
    return 1 if result.mutants_wrong or not result.good else 0


def part(book: JsonObject, exercises: Iterable[str]) -> JsonObject:
    """Of an instructor's notebook, what must run for some exercises' mutants alone."""
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    ours = [cell["metadata"].get("bmkit", {}) for cell in cells]
    tried = {n for n, of in enumerate(ours) if {"matrix", "mutants", "flips"} & set(of)}
    names = set(exercises)
    plain = [n for n in range(len(cells)) if n not in tried]
    wanted = {
        position
        for position, n in enumerate(plain)
        if {ours[n].get("exercise"), ours[n].get("check")} & names
        or "parameters" in cells[n]["metadata"].get("tags", ())
    }
    sources = ["".join(cells[n]["source"]) for n in plain]
    run = {plain[position] for position in needed(sources, wanted)}
    run |= {n for n in tried if ours[n].get("mutants") in names}
    return {**book, "cells": [cells[n] for n in sorted(run)]}


def tell(lessons: list[Lesson], results: list[Result], *, code: bool = False) -> int:
    """Print what is wrong with checks and excuses, and where; return how many lines."""
    by_slug, count = {lesson.slug: lesson for lesson in lessons}, 0
    for result in results:
        wrong = result.mutants_wrong
        if not wrong:
            continue
        lesson = by_slug[result.slug]
        source = source_of(lesson)
        path = one_line(lesson.path.relative_to(lesson.course.root))
        for exercise, rows in wrong.items():
            line = source.of("exercise", exercise)[0].line
            for row in rows:
                print(f"{path}:{line + row['line']}: {_told(exercise, row)}")
                if code and row["code"]:
                    print("    " + row["code"].replace("\n", "\n    "))
                count += 1
    return count


def _told(exercise: str, row: Mutant) -> str:
    more = f": {row['message']}" if row["message"] else ""
    return f"{exercise}: {row['kind']}: {row['title']}{more}"
