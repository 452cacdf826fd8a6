"""`bmkit progress`: lessons and points, as far as you have come."""

from __future__ import annotations

import argparse

from bmkit.course.build.facts import facts
from bmkit.course.cli import options
from bmkit.course.source.catalog import LANGS, Course
from bmkit.lab import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--lang", choices=LANGS, default="en")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Print a table of lessons with exercises solved and points earned."""
    from rich.console import Console
    from rich.table import Table

    chinese = args.lang == "zh"
    heads = (
        ("课程", "练习", "分数", "") if chinese else ("lesson", "done", "points", "")
    )
    table = Table(*heads, box=None, header_style="bold")
    done = progress.load()
    for lesson in Course.find(args.course).lessons():
        points = facts(lesson).points
        mine = done.get(lesson.slug, {})
        solved = [name for name in points if mine.get(name, {}).get("passed")]
        share = sum(points[name] for name in solved) / (sum(points.values()) or 1)
        table.add_row(
            lesson.title[args.lang],
            f"{len(solved)}/{len(points)}",
            f"{sum(points[name] for name in solved)}/{sum(points.values())}",
            "█" * round(10 * share) + "░" * (10 - round(10 * share)),
        )
    console = Console()
    console.print(table)
    if not done:
        empty = (
            "还没有做过练习：`bmkit lab` 打开课程。"
            if chinese
            else ("No exercise tried yet: `bmkit lab` opens the lessons.")
        )
        console.print(empty)
    return 0
