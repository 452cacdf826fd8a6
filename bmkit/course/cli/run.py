"""`bmkit run`: every lesson headless, in parallel, into one report."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from bmkit.course.cli import options
from bmkit.course.source.catalog import LANGS, Course

PROFILES = ("ci", "workshop", "full")
DEVICES = ("auto", "cpu", "cuda")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add = parser.add_argument
    add("slugs", nargs="*", metavar="SLUG", help="lessons; all when none is named")
    add("--profile", choices=PROFILES, default="workshop", help="size and data")
    add("--device", choices=DEVICES, default="auto")
    add("--lang", choices=LANGS, default="en")
    add("--seed", type=int, default=0)
    add("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="side by side")
    add("--fresh", action="store_true", help="run unchanged lessons too")
    add("--cluster", metavar="ADDRESS", help="a Dask scheduler, as tcp://host:8786")
    add("--output", type=Path, metavar="DIR", help="the report (.bmkit/report)")
    add("--limit", type=float, default=900, help="seconds a lesson may take (900)")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Run the lessons; return 0 when all are good, 1 when not, 130 when stopped."""
    from bmkit.course.report import run_report
    from bmkit.course.run import runner
    from bmkit.course.run.progress import Board

    if args.jobs < 1:
        print("bmkit: -j must be 1 or more", file=sys.stderr)
        return 2
    course = Course.find(args.course)
    lessons = course.pick(args.slugs)
    output = args.output or course.state / "report"
    began = time.time()
    settings = runner.Settings(
        profile=args.profile,
        device=args.device,
        lang=args.lang,
        seed=args.seed,
        jobs=args.jobs,
        fresh=args.fresh,
        cluster=args.cluster,
        limit=args.limit,
        store=course.state / "results",
    )
    board = Board([lesson.slug for lesson in lessons])
    try:
        with board:
            results, stopped = runner.run(lessons, settings, board)
    except runner.CannotRun as error:
        print(f"bmkit: {error}", file=sys.stderr)
        return 1
    path = run_report.write(output, results, settings, time.time() - began)
    bad = [result for result in results if not result.good]
    for result in bad:
        print(f"{result.slug}: {result.status}: {result.message}", file=sys.stderr)
    print(f"{len(results) - len(bad)} of {len(lessons)} lessons are good")
    print(f"report: {path}")
    if stopped:
        print("bmkit: stopped; what had finished is kept", file=sys.stderr)
        return 130
    return 1 if bad else 0
