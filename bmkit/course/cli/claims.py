"""`bmkit claims`: what all lessons claim, with the numbers of their last runs."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from bmkit.course.cli import lessons, options
from bmkit.course.report import registry
from bmkit.course.report.alike import alike
from bmkit.course.report.registry import Entry, Run
from bmkit.course.source.catalog import Course
from bmkit.course.words import say
from bmkit.lab.number_text import listed
from bmkit.language import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    about = "show those that have all these words, in either language"
    parser.add_argument("words", nargs="*", metavar="WORD", help=about)
    about = "show pairs of lessons' claims that share most of their words"
    parser.add_argument("--alike", action="store_true", help=about)
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    options.add_lang(parser, "the language of the claims")
    options.add_course(parser)


def main(args: argparse.Namespace) -> int:
    """Print the claims; return 1 when a lesson has no good header."""
    course = Course.find(args.course)
    _, code = lessons.readable(course)
    found = [x for x in registry.entries(course, language()) if x.has(args.words)]
    groups = list(alike(found)) if args.alike else [(entry,) for entry in found]
    if args.json:
        rows = [[asdict(entry) for entry in group] for group in groups]
        shown = rows if args.alike else [row for group in rows for row in group]
        print(json.dumps(shown, indent=1, ensure_ascii=False))
        return code
    for group in groups:
        for entry in group:
            print("\n".join(_lines(entry)))
        if args.alike:
            print()
    if args.alike:
        print(say("claims.pairs", count=len(groups)))
    else:
        silent = sum(not entry.runs for entry in found)
        print(say("claims.count", count=len(found), silent=silent))
    return code


def _lines(entry: Entry) -> list[str]:
    lines = [f"{entry.path}:{entry.line}: {entry.sentence[language()]}"]
    if not entry.runs:
        return [*lines, f"    – {say('claims.silent')}"]
    return lines + [f"    {line}" for run in entry.runs for line in _run(entry, run)]


def _run(entry: Entry, run: Run) -> list[str]:
    claim = run.claim
    mark = "✓" if claim["holds"] else "✗"
    old = f" ({say('claims.stale')})" if run.stale else ""
    lines = [f"{mark} {run.profile}{old}: {listed(claim['numbers'])}"]
    if "{" in entry.sentence["en"]:  # what the sentence was in this run
        lines.append(f"  “{claim['text']}”")
    if claim["control"]:
        values = listed(claim["control"])
        against = claim["against"]
        lines.append(f"  {say('claims.control', against=against, numbers=values)}")
    if claim["certain"]:
        lines.append(f"  {say('claims.certain', why=claim['certain'])}")
    if claim["why"]:
        lines.append(f"  {claim['why']}")
    return lines
