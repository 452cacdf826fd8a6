"""`bmkit grade`: points per exercise and what to look at next; or a whole room's."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from bmkit.course.cli import options
from bmkit.course.grade.result import Verdict
from bmkit.course.kernels.limits import BadLimits, Limits
from bmkit.course.source.catalog import Course

HELP = {
    "memory": "MiB for one submission",
    "processes": "processes and threads at a time",
    "open_files": "files open at a time",
    "file_size": "MiB of its largest file",
    "disk": "MiB of all its files",
    "output": "MiB that it may print and show",
    "cell_seconds": "seconds for one cell",
    "total_seconds": "seconds for one submission",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument(
        "--all",
        type=Path,
        metavar="FOLDER",
        help="grade all that a room handed in: nbgrader's course folder, or "
        "<student>.ipynb files; run again, it goes on where it was",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="how many at a time (with --all; default: one a core)",
    )
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler")
    parser.add_argument(
        "--book",
        default="",
        metavar="URL",
        help="nbgrader's database: postgresql://… (default: FOLDER/gradebook.db)",
    )
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="with --all, also what nbgrader's own exporter writes (grades.csv and "
        "room.html are always written)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="grade again what is in the book"
    )
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="without the sandbox: the notebooks' code can do all that you can",
    )
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument(
        "--feedback",
        type=Path,
        metavar="FOLDER",
        help="where to write the HTML of single files (default: beside each)",
    )
    options.add_course(parser)
    group = parser.add_argument_group(
        "limits of one submission",
        "defaults: [tool.bmkit.limits] of the course's pyproject.toml",
    )
    for one in fields(Limits):
        kind = float if one.name.endswith("seconds") else int
        flag = f"--{one.name.replace('_', '-')}"
        group.add_argument(flag, type=kind, metavar="N", help=HELP[one.name])


def main(args: argparse.Namespace) -> int:
    """Grade; return 1 when something could not be graded at all."""
    if bool(args.files) == bool(args.all):
        print(
            "bmkit grade: name notebooks, or --all FOLDER",
            file=sys.stderr,
        )
        return 2
    from bmkit.course.grade.session import CannotGrade, Settings

    course = Course.find(args.course)
    flags = {one.name: getattr(args, one.name) for one in fields(Limits)}
    try:
        bad = [
            name for name, value in flags.items() if value is not None and value <= 0
        ]
        if bad:
            raise BadLimits(f"--{bad[0].replace('_', '-')} must be more than 0")
        settings = Settings(
            jobs=max(1, args.jobs),
            cluster=args.cluster,
            book=args.book,
            unsafe=args.unsafe,
            fresh=args.fresh,
            lang=args.lang,
            export=args.export,
            limits=course.limits().with_flags(**flags),
        )
        if args.all:
            return _room(args.all, course, settings)
        return _files(args, course, settings)
    except (CannotGrade, BadLimits) as error:
        print(f"bmkit grade: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; start again to go on", file=sys.stderr)
        return 130


def _files(args: argparse.Namespace, course: Course, settings: Any) -> int:
    from rich.console import Console
    from rich.markup import escape

    from bmkit.course import atomic
    from bmkit.course.grade import feedback
    from bmkit.course.grade.session import grade
    from bmkit.course.grade.submission import NotGradable, read

    console = Console(highlight=False)
    lessons = course.lessons()
    code = 0
    for path in args.files:
        name = escape(str(path))
        try:
            submission = read(path, lessons)
        except NotGradable as error:
            console.print(f"[bold red]{name}[/]: {escape(str(error))}", soft_wrap=True)
            code = 1
            continue
        with console.status(f"{name}: running every check"):
            verdict = grade(submission, settings)
        show(console, path, verdict)
        target = (args.feedback or path.parent) / f"{path.stem}.feedback.html"
        atomic.write(target, feedback.page(verdict))
        console.print(f"feedback: {escape(str(target))}", soft_wrap=True)
    return code


def _room(folder: Path, course: Course, settings: Any) -> int:
    from bmkit.course.grade.progress import Board
    from bmkit.course.grade.session import grade_all

    with Board() as board:
        outcome = grade_all(folder, course.lessons(), settings, board)
    seconds = f"{board.seconds:.0f} s"
    print(f"{outcome.graded} graded in {seconds}, {outcome.known} known already")
    if outcome.person:
        print(f"{outcome.person} wait for a person: the page says why")
    if outcome.refused:
        print(f"{len(outcome.refused)} not graded: see above")
    print(f"page: {outcome.page}\ntable: {outcome.table}")
    return 1 if outcome.refused else 0


def show(console: Any, path: Path, verdict: Verdict) -> None:
    """Print one grade: the total, a row for each exercise, remarks."""
    from rich.markup import escape
    from rich.table import Table

    console.print(
        f"[bold]{escape(str(path))}[/]: {verdict.slug}, "
        f"{verdict.points:g} of {verdict.of:g} points",
        soft_wrap=True,
    )
    table = Table(box=None, show_header=False, padding=(0, 1))
    for mark in verdict.marks:
        full = mark.points >= mark.of
        table.add_row(
            "[green]✓[/]" if full else "[red]✗[/]",
            mark.exercise,
            f"{mark.points:g}/{mark.of:g}",
            escape(mark.message),
        )
    console.print(table)
    following = next((mark for mark in verdict.marks if mark.points < mark.of), None)
    if following:
        console.print(
            f"next: [bold]{following.exercise}[/]. {escape(following.hint)}",
            soft_wrap=True,
        )
    for remark in verdict.remarks:
        console.print(f"[yellow]note:[/] {escape(remark)}", soft_wrap=True)
    for reason in verdict.person:
        console.print(f"[red]for a person:[/] {escape(reason)}", soft_wrap=True)
