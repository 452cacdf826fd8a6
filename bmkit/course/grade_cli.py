"""`bmkit grade FILE…`: points per exercise, what to look at next, feedback as HTML."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from bmkit.course.catalog import lessons
from bmkit.course.grade import Grade, grade
from bmkit.course.submission import NotGradable, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--feedback",
        type=Path,
        metavar="FOLDER",
        help="where to write the HTML (default: beside each notebook)",
    )
    parser.add_argument(
        "--timeout", type=int, default=120, help="seconds a cell may take (120)"
    )


def main(args: argparse.Namespace) -> int:
    """Grade each file; return 1 when one could not be graded at all."""
    from rich.console import Console

    console = Console(highlight=False)
    course = lessons()
    code = 0
    for path in args.files:
        try:
            submission = read(path, course)
        except NotGradable as error:
            console.print(f"[bold red]{path}[/]: {error}", soft_wrap=True)
            code = 1
            continue
        with console.status(f"{path.name}: running every check"):
            result = grade(submission, timeout=args.timeout)
        show(console, result)
        if result.feedback:
            target = _feedback(path, args.feedback, result.feedback)
            console.print(f"feedback: {target}", soft_wrap=True)
    return code


def show(console: object, result: Grade) -> None:
    """Print one grade: the total, a row for each exercise, remarks."""
    from rich.markup import escape
    from rich.table import Table

    print_ = console.print
    lesson = result.submission.lesson
    print_(
        f"[bold]{escape(str(result.submission.path))}[/]: {lesson.slug}, "
        f"{result.points:g} of {result.of:g} points",
        soft_wrap=True,
    )
    table = Table(box=None, show_header=False, padding=(0, 1))
    for mark in result.marks:
        full = mark.points >= mark.of
        table.add_row(
            "[green]✓[/]" if full else "[red]✗[/]",
            mark.exercise,
            f"{mark.points:g}/{mark.of:g}",
            escape(mark.message),
        )
    print_(table)
    following = next((mark for mark in result.marks if mark.points < mark.of), None)
    if following:
        print_(
            f"next: [bold]{following.exercise}[/]. {escape(following.hint)}",
            soft_wrap=True,
        )
    for remark in result.remarks:
        print_(f"[yellow]note:[/] {escape(remark)}", soft_wrap=True)


def _feedback(path: Path, folder: Path | None, text: str) -> Path:
    home = folder or path.parent
    home.mkdir(parents=True, exist_ok=True)
    target = home / f"{path.stem}.feedback.html"
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=home, delete=False
    ) as draft:
        draft.write(text)
    os.replace(draft.name, target)
    return target
