"""`bmkit mutants`: what a check or an equation lets pass, without the whole lesson."""

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
    """The lesson has nothing of that name to be tried; the message has the nearest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("slug", metavar="SLUG", help="the lesson")
    about = "of these exercises and equations; of all when none is named"
    parser.add_argument("names", nargs="*", metavar="NAME", help=about)
    options.add_lang(parser)
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Try the mutants and print those that survive, with their code; 1 if any does."""
    (lesson,) = Course.find(args.course).pick([args.slug])
    tried = ("exercise", "equation")
    known = [cell.name for cell in source_of(lesson).cells if cell.kind in tried]
    for name in args.names:
        if name not in known:
            why = say("mutants.unknown", name=name, slug=lesson.slug)
            raise NoExercise(why + nearest(name, known))
    book = part(json.loads(dumps(instructor_notebook(lesson))), args.names or known)
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
    for key, made in (("made", result.mutants), ("changed", result.equations)):
        for one in made:
            numbers = {number: one[number] for number in NUMBERS}
            print(say(f"mutants.{key}", language(), **numbers))
            if one["skipped"]:
                print(one["skipped"])
    tell([lesson], [result], code=True)
    if not result.good:
        print(f"{lesson.slug}: {result.says}: {result.message}", file=sys.stderr)
    wrong = result.mutants_wrong or result.equations_wrong
    return 1 if wrong or not result.good else 0


def part(book: JsonObject, wanted_names: Iterable[str]) -> JsonObject:
    """Of an instructor's notebook, what must run for some mutants alone.

    Args:
        book: the notebook.
        wanted_names: exercises, and labels of equations.
    """
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    ours = [cell["metadata"].get("bmkit", {}) for cell in cells]
    tried = {
        n for n, of in enumerate(ours) if {"matrix", "mutants", "perturbed"} & set(of)
    }
    names = set(wanted_names)
    plain = [n for n in range(len(cells)) if n not in tried]
    wanted = {
        position
        for position, n in enumerate(plain)
        if {ours[n].get(kind) for kind in ("exercise", "check", "equation")} & names
        or "parameters" in cells[n]["metadata"].get("tags", ())
    }
    sources = ["".join(cells[n]["source"]) for n in plain]
    run = {plain[position] for position in needed(sources, wanted)}
    run |= {n for n in tried if {*map(ours[n].get, ("mutants", "perturbed"))} & names}
    return {**book, "cells": [cells[n] for n in sorted(run)]}


def tell(lessons: list[Lesson], results: list[Result], *, code: bool = False) -> int:
    """Print what checks and equations let pass, and where; return how many lines."""
    by_slug, count = {lesson.slug: lesson for lesson in lessons}, 0
    for result in results:
        wrong = [("exercise", *one) for one in result.mutants_wrong.items()]
        wrong += [("equation", *one) for one in result.equations_wrong.items()]
        if not wrong:
            continue
        lesson = by_slug[result.slug]
        source = source_of(lesson)
        path = one_line(lesson.path.relative_to(lesson.course.root))
        for kind, name, rows in wrong:
            line = source.of(kind, name)[0].line
            for row in rows:
                print(f"{path}:{line + row['line']}: {_told(name, row)}")
                if code and row["code"]:
                    print("    " + row["code"].replace("\n", "\n    "))
                count += 1
    return count


def _told(name: str, row: Mutant) -> str:
    more = f": {row['message']}" if row["message"] else ""
    return f"{name}: {row['kind']}: {row['title']}{more}"
