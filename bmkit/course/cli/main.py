"""The `bmkit` command: one verb a room. Each room is imported when its verb is used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from bmkit import __version__

# verb: (module, what it does). Each module has add_arguments(parser) and main(args).
VERBS = {
    "run": ("run", "run lessons headless and write a report"),
    "test": ("test", "run the tests, lessons included"),
    "lab": ("lab", "open the lessons in JupyterLab"),
    "build": ("build", "build lessons/ from solutions/"),
    "stamp": ("stamp", "fill in the hashes of new translations and equations"),
    "grade": ("grade", "grade learners' notebooks"),
    "progress": ("progress", "show what you have solved so far"),
    "data": ("data", "list, get and verify data sets"),
    "list": ("list", "list the lessons"),
    "bench": ("bench", "measure speed and memory, both sides in one run"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="bmkit", description="A course and workshop kit on big models."
    )
    parser.add_argument("--version", action="version", version=f"bmkit {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    chosen = next((word for word in words if not word.startswith("-")), None)
    for verb, (module, about) in VERBS.items():
        sub = verbs.add_parser(verb, help=about, description=about.capitalize() + ".")
        if verb == chosen:  # only the room in use is imported
            _room(module).add_arguments(sub)
    args, rest = parser.parse_known_args(words)
    if rest and args.verb not in ("test", "lab", "bench"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest
    return _guarded(args)


def _room(module: str) -> object:
    return importlib.import_module(f"bmkit.course.cli.{module}")


def _guarded(args: argparse.Namespace) -> int:
    from bmkit.course.source.catalog import NoCourse, UnknownLesson
    from bmkit.course.source.cells import SourceError

    try:
        return _room(VERBS[args.verb][0]).main(args)
    except SourceError as error:
        root = os.getcwd() + os.sep
        for line in str(error).splitlines():
            print(line.removeprefix(root), file=sys.stderr)
        return 1
    except (NoCourse, UnknownLesson) as error:
        print(f"bmkit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nbmkit: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
