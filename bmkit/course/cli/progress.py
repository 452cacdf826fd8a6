"""`bmkit progress`: lessons and points, as far as you have come."""

from __future__ import annotations

import argparse

from bmkit.course.build import facts
from bmkit.course.cli import lessons, options
from bmkit.course.source.catalog import Course
from bmkit.course.words import say
from bmkit.lab import progress
from bmkit.language import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    options.add_lang(parser)
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Print a table of lessons with exercises solved and points earned."""
    from rich.console import Console
    from rich.table import Table

    heads = (say(f"mine.{name}") for name in ("lesson", "done", "points"))
    table = Table(*heads, "", "", box=None, header_style="bold")
    done = progress.load()
    found, code = lessons.readable(Course.find(args.course))
    for lesson in found:
        points = facts.points(lesson)
        mine = done.get(lesson.slug, {})
        solved = [name for name in points if progress.solved(mine.get(name))]
        shown = sum(
            mine[name].get("answered", False) for name in points if name in mine
        )
        share = sum(points[name] for name in solved) / (sum(points.values()) or 1)
        table.add_row(
            lesson.title[language()],
            f"{len(solved)}/{len(points)}",
            f"{sum(points[name] for name in solved)}/{sum(points.values())}",
            "█" * round(10 * share) + "░" * (10 - round(10 * share)),
            say("mine.shown", count=shown) if shown else "",
        )
    console = Console()
    console.print(table)
    if not done:
        console.print(say("mine.none"))
    return code
