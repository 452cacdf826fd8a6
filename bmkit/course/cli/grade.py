"""`bmkit grade`: points per exercise and what to look at next; or a whole room's."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course.cli import lessons as course_lessons
from bmkit.course.cli import options
from bmkit.course.grade.result import Verdict
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import SourceError
from bmkit.course.words import say
from bmkit.errors import CannotWrite, WrongUse, make_folder, writing
from bmkit.lab.plain_text import plain, plain_message
from bmkit.language import LANGS, one_line, speaking

if TYPE_CHECKING:
    from rich.console import Console

    from bmkit.course.grade import lms_grades
    from bmkit.course.grade.settings import Settings
    from bmkit.course.grade.submitted_file import Note

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
        type=options.folder,
        metavar="FOLDER",
        help="grade all that a room handed in: nbgrader's course folder, "
        "<student>.ipynb files, or a download of Moodle's or Canvas', packed or not; "
        "run again, it goes on where it was",
    )
    for lms, file in (("moodle", "grading worksheet"), ("canvas", "gradebook")):
        parser.add_argument(
            f"--{lms}",
            type=options.csv_file,
            metavar="FILE",
            help=f"with --all, fill in this {file}: FILE.filled.csv, for upload",
        )
    parser.add_argument(
        "-j",
        "--jobs",
        type=options.whole,
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
        type=options.csv_file,
        metavar="FILE",
        help="with --all, also what nbgrader's own exporter writes (a table of "
        "ours and room.html are always written)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="grade again what is in the book"
    )
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="without the sandbox: the notebooks' code can do all that you can",
    )
    parser.add_argument(
        "--keep-warm",
        action="store_true",
        help="leave the grader running, for five minutes after its last file: what is "
        "graded meanwhile takes a second or two",
    )
    parser.add_argument(
        "--lang",
        choices=LANGS,
        help="the language of everything that is said (default: feedback in each "
        "notebook's, the rest in the locale's)",
    )
    parser.add_argument(
        "--feedback",
        type=options.folder,
        metavar="FOLDER",
        help="where to write the HTML of single files (default: beside each)",
    )
    options.add_course(parser)
    group = parser.add_argument_group(
        "limits of one submission",
        "defaults: [tool.bmkit.limits] of the course's pyproject.toml",
    )
    for one in fields(Limits):
        time = one.name.endswith("seconds")
        group.add_argument(
            f"--{one.name.replace('_', '-')}",
            type=options.positive if time else options.whole,
            metavar="N",
            help=HELP[one.name],
        )


def main(args: argparse.Namespace) -> int:
    """Grade; return 1 when something could not be graded at all."""
    if bool(args.files) == bool(args.all):
        raise WrongUse(say("grade.usage"))
    if args.files and (args.moodle or args.canvas or args.export):
        raise WrongUse(say("grade.only"))
    from bmkit.course.grade.deadlines import Deadlines
    from bmkit.course.grade.settings import Settings

    course = Course.find(args.course)
    where = f"{course.root / 'pyproject.toml'}: [tool.bmkit.deadlines]"
    flags = {one.name: getattr(args, one.name) for one in fields(Limits)}
    settings = Settings(
        jobs=args.jobs,
        cluster=args.cluster,
        book=args.book,
        unsafe=args.unsafe,
        keep_warm=args.keep_warm,
        fresh=args.fresh,
        lang=args.lang,
        export=args.export,
        deadlines=Deadlines.of(course.deadlines(), where, course.slugs()),
        limits=course.limits().with_flags(**flags),
    )
    if args.all:
        return _room(args.all, course, settings, args.moodle, args.canvas)
    return _files(args.files, args.feedback, course, settings)


def _files(
    paths: list[Path], folder: Path | None, course: Course, settings: Settings
) -> int:
    """Grade one's own files, each by itself; 1 when one was not, or has no page."""
    from rich.console import Console
    from rich.markup import escape

    from bmkit import atomic
    from bmkit.course.grade import companions, feedback
    from bmkit.course.grade.notebook_file import NotGradable
    from bmkit.course.grade.session import grade
    from bmkit.course.grade.submission import read

    if folder is not None:
        make_folder(folder)  # found out before the grading, not after
    console = Console(highlight=False)
    lessons, code = course_lessons.readable(course)
    for path in paths:
        name = escape(one_line(path))
        try:
            submission = read(path, lessons, settings.lang)
            submission.bring(companions.named(path, submission.code))
            if path.is_symlink():
                submission.remark("remark.link", path=path.resolve())
            with console.status(say("grade.running", path=name)):
                verdict = grade(submission, settings)
        except NotGradable as error:
            console.print(f"[bold red]{name}[/]: {escape(str(error))}", soft_wrap=True)
            code = 1
            continue
        except SourceError as error:  # the lesson's, which costs the others nothing
            course_lessons.tell(error.problems)
            code = 1
            continue
        show(console, path, verdict)
        target = folder or path.parent
        try:
            with speaking(submission.told):
                page = feedback.page(verdict, path)
            with writing(target):
                target = feedback.page_path(target, path)
            with writing(target):
                atomic.write(target, page)
        except CannotWrite as error:  # the grade is there, and the next files are
            told = say("grade.no_page", why=error)
            print(f"bmkit grade: {told}", file=sys.stderr)
            code = 1
            continue
        line = say("grade.feedback", path=target)
        console.print(escape(line), soft_wrap=True)
    return code


def _room(
    folder: Path,
    course: Course,
    settings: Settings,
    moodle: Path | None = None,
    canvas: Path | None = None,
) -> int:
    """Grade all that a room handed in; 1 when something was not graded."""
    from bmkit.course.grade import lms, lms_grades
    from bmkit.course.grade.progress import Board
    from bmkit.course.grade.session import grade_all

    lessons, code = course_lessons.readable(course)
    # Before the grading: a file that cannot be filled in is told at once.
    sheets: list[lms_grades.Moodle | lms_grades.Canvas] = []
    times: dict[str, str] = {}
    notes: list[Note] = []
    if moodle:
        worksheet = lms_grades.Moodle(moodle)
        sheets.append(worksheet)
        times, notes = worksheet.times(settings.deadlines.zone)
    if canvas:
        titles = {one.slug: [one.slug, *one.title.values()] for one in lessons}
        sheets.append(lms_grades.Canvas(canvas, titles))
    download = lms.room(folder)
    if download is not None:
        folder = download.folder
    told = [*download.refused, *download.notes] if download else []
    if settings.deadlines.due:
        told += notes
    try:
        with Board() as board:
            outcome = grade_all(folder, lessons, settings, board, told, times)
    except KeyboardInterrupt:
        print(f"bmkit grade: {say('grade.stopped')}", file=sys.stderr)
        return 130
    graded, known = outcome.graded, outcome.known
    print(say("grade.done", graded=graded, known=known, seconds=board.seconds))
    if outcome.person:
        print(say("grade.person", count=outcome.person))
    if outcome.refused:
        print(say("grade.refused", count=len(outcome.refused)))
    print(say("grade.page", path=outcome.page))
    print(say("grade.table", path=outcome.table))
    if sheets:
        _fill(folder, settings, sheets)
    return 1 if outcome.refused else code


def _fill(
    folder: Path,
    settings: Settings,
    sheets: list[lms_grades.Moodle | lms_grades.Canvas],
) -> None:
    """Fill in the grade files of Moodle and Canvas."""
    from bmkit.course.grade import gradebook

    with gradebook.Book(settings.book or gradebook.default_url(folder)) as book:
        verdicts = list(book.final())
    for sheet in sheets:
        filled = sheet.fill(verdicts)
        print(say("lms.filled", path=filled.path, count=filled.count))
        for key in ("waiting", "missing", "others"):
            if names := getattr(filled, key):
                print(say(f"lms.{key}", names=", ".join(names)))


def show(console: Console, path: Path, verdict: Verdict) -> None:
    """Print one grade: the total, a row for each exercise, remarks."""
    from rich.markup import escape
    from rich.table import Table

    from bmkit.course.report.sanitize import seen

    def line(key: str, **values: object) -> None:
        """A sentence whose values are text, and whose own markup counts."""
        texts = {name: escape(seen(str(value))) for name, value in values.items()}
        console.print(say(key, **texts), soft_wrap=True)

    points = {"points": f"{verdict.points:g}", "of": f"{verdict.of:g}"}
    line("grade.total", path=one_line(path), slug=verdict.slug, **points)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for mark in verdict.marks:
        full = mark.points >= mark.of
        part = "[yellow]◐[/]" if mark.points > 0 else "[red]✗[/]"
        table.add_row(
            "[green]✓[/]" if full else part,
            mark.exercise,
            f"{mark.points:g}/{mark.of:g}",
            escape(seen(plain_message(mark.message))),
        )
    console.print(table)
    following = next((mark for mark in verdict.marks if mark.points < mark.of), None)
    if following:
        hint = plain(following.hint)
        line("grade.next", exercise=following.exercise, hint=hint)
    for remark in verdict.remarks:
        line("grade.remark", text=remark)
    for reason in verdict.person:
        line("grade.look", text=reason)
