"""`bmkit run`: every lesson headless, in parallel, into one report."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from bmkit.course import state
from bmkit.course.cli import lessons as course_lessons
from bmkit.course.cli import mutants, options
from bmkit.course.source.catalog import Course
from bmkit.course.words import say
from bmkit.data import store
from bmkit.errors import make_folder, writing
from bmkit.language import language

PROFILES = ("ci", "workshop", "full")
DEVICES = ("auto", "cpu", "cuda")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add = parser.add_argument
    add("slugs", nargs="*", metavar="SLUG", help="lessons; all when none is named")
    add("--profile", choices=PROFILES, default="ci", help="size and data (default: ci)")
    add("--device", choices=DEVICES, default="auto")
    options.add_lang(parser, "the language of the lessons and of what is said")
    add("--seed", type=options.seed, default=0)
    about = "side by side (default: one a core; on a GPU, as many as its memory holds)"
    add("-j", "--jobs", type=options.whole, help=about)
    about = "run each lesson with its variants in place of its answers"
    add("--carry-on", action="store_true", help=about)
    add("--fresh", action="store_true", help="run unchanged lessons too")
    add("--cluster", metavar="ADDRESS", help="a Dask scheduler, as tcp://host:8786")
    about = "where the report goes (.bmkit/report)"
    add("--output", type=options.folder, metavar="DIR", help=about)
    about = "seconds a lesson may take (900)"
    add("--limit", type=options.positive, default=900, metavar="S", help=about)
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Run the lessons; return 0 when all are good, 1 when not, 130 when stopped."""
    from bmkit.course.report import registry, run_report
    from bmkit.course.run import carry_on, execution, runner
    from bmkit.course.run.progress import Board

    course = Course.find(args.course)
    lessons, (_, problems) = course.pick(args.slugs), course.readable()
    if args.profile != "ci":  # which uses none
        store.demand_mirror()
    # That it cannot be written is found out before an hour of running, not after.
    output = _output(course, args)
    began = time.time()
    settings = execution.Settings(
        profile=args.profile,
        device=args.device,
        lang=language(),
        seed=args.seed,
        jobs=args.jobs or _jobs(args),
        fresh=args.fresh,
        cluster=args.cluster,
        limit=args.limit,
        store=course.results,
    )
    broken = [] if args.slugs else runner.unreadable(problems)
    if args.slugs:
        course_lessons.tell(problems)
    names = [lesson.slug for lesson in lessons]
    if args.carry_on:
        names = [name for lesson in lessons for name in carry_on.names(lesson)]
    names += [one.slug for one in broken]
    with Board(names) as board:
        for one in broken:
            board.finished(one)
        way = carry_on.run if args.carry_on else runner.run
        results, stopped = way(lessons, settings, board)
    results += broken
    with writing(output):
        claims = registry.entries(course, settings.lang)
        seconds = time.time() - began
        path = run_report.write(output, results, settings, seconds, claims)
    bad = [result for result in results if not result.good]
    for result in bad:
        for line in result.message.splitlines() or [""]:
            print(f"{result.slug}: {result.says}: {line}", file=sys.stderr)
    if count := mutants.tell(lessons, results):
        print(say("run.survivors", count=count), file=sys.stderr)
    print(say("run.good", good=len(results) - len(bad), count=len(names)))
    print(say("run.report", path=path))
    if stopped:
        print(f"bmkit run: {say('run.stopped')}", file=sys.stderr)
        return 130
    return 1 if bad or problems else 0


def _output(course: Course, args: argparse.Namespace) -> Path:
    """Where the report goes, without an earlier one: this run may end with an error."""
    from bmkit.course.report import run_report

    output = args.output or course.state / ("carry-on" if args.carry_on else "report")
    if not args.output:
        with writing(output):
            state.make(output)
    make_folder(output)
    with writing(output):
        run_report.clear(output)
    return output


def _jobs(args: argparse.Namespace) -> int:
    """How many run side by side where the user does not say: what fits here."""
    from bmkit.course.run import gpu

    cores = os.cpu_count() or 1
    fitting = None if args.cluster else gpu.fitting(args.device, args.profile)
    if fitting is None or fitting >= cores:
        return cores
    lesson = gpu.LESSON[args.profile]
    print(say("run.fitting", count=fitting, lesson=lesson))
    return fitting
