"""The `bmkit` command: one module a verb, each imported when its verb is used."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from bmkit import __version__, language
from bmkit.course import plain_text
from bmkit.course.cli.parser import Parser, asked_for, translated
from bmkit.course.kernels import environment
from bmkit.course.words import say

# verb: (module, what it does). Each module has add_arguments(parser) and main(args).
VERBS = {
    "run": ("run", "run lessons headless and write a report"),
    "mutants": (
        "mutants",
        "show what an exercise's check, or an equation, lets pass",
    ),
    "test": ("test", "run the tests, lessons included"),
    "lab": ("lab", "open the lessons in JupyterLab"),
    "build": ("build", "build lessons/ from solutions/"),
    "stamp": ("stamp", "fill in hashes, begin translations"),
    "grade": ("grade", "grade learners' notebooks"),
    "progress": ("progress", "show what you have solved so far"),
    "answer": ("answer", "print the answer of an exercise"),
    "data": ("data", "list, get and verify data sets"),
    "list": ("list", "list the lessons"),
    "claims": ("claims", "search what all lessons claim, with the numbers"),
    "bench": ("bench", "measure speed and memory, both sides in one run"),
}
PASSING_ON = ("test", "lab", "bench")  # the rest of their words is another program's
BEFORE = ("--help", "--version")  # the options that may stand before a verb
OUR_FAULT = 70  # the exit code for errors of the kit's own: EX_SOFTWARE
log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    plain_text.allow()
    environment.give_home()
    language.speak(asked_for(words))
    with translated():
        args = _parsed(words)
    language.speak(getattr(args, "lang", None) or language.of_locale())
    return _guarded(args)


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="bmkit", description="A course and workshop kit on big models."
    )
    parser.add_argument("--version", action="version", version=f"bmkit {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    chosen = next((word for word in words if not word.startswith("-")), None)
    for verb, (module, about) in VERBS.items():
        sub = verbs.add_parser(verb, help=about, description=about.capitalize() + ".")
        if verb not in PASSING_ON:
            sub.add_argument(
                *("-v", "--verbose"), action="store_true", help="print the log too"
            )
        if verb == chosen:  # only the module in use is imported
            _module(module).add_arguments(sub)
    first = words[0].partition("=")[0] if words else ""
    if first.startswith("--") and not any(x.startswith(first) for x in BEFORE):
        parser.error(say("main.after", option=first))
    args, rest = parser.parse_known_args(words)
    if rest and args.verb not in PASSING_ON:
        parser.error(say("argparse.unrecognized") % " ".join(rest))
    args.rest = rest
    return args


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"bmkit.course.cli.{name}")


def _guarded(args: argparse.Namespace) -> int:
    """The verb's exit code; whatever ends it otherwise is said in one line."""
    from bmkit.errors import BmkitError, reason

    command = f"bmkit {args.verb}"
    _begin_log(args)
    try:
        return _module(VERBS[args.verb][0]).main(args)
    except BmkitError as error:
        log.info("%s", error, exc_info=True)
        told, code = error.told(command), error.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        told, code = f"\n{command}: {say('main.stopped')}", 130
    except OSError as error:
        log.info("%s", error, exc_info=True)
        path = language.one_line(str(error.filename or type(error).__name__))
        refused = say("main.refused", path=path, why=reason(error))
        told, code = f"{command}: {refused}", 1
    except Exception as error:
        log.exception("%s failed", command)
        what = f"{type(error).__name__}: {error}"
        told = f"{command}: {say('main.ours', error=what, log=_log_file())}"
        code = OUR_FAULT
    print(told, file=sys.stderr)
    return code


def _begin_log(args: argparse.Namespace) -> None:
    from bmkit.course import log_file
    from bmkit.course.source.catalog import Course, NoCourse

    folder: Path | None = None
    with contextlib.suppress(NoCourse):  # the verb says so, if it needs one
        folder = Course.find(getattr(args, "course", None)).state / "log"
    log_file.begin(folder, verbose=getattr(args, "verbose", False))


def _log_file() -> Path | str:
    from bmkit.course import log_file

    return log_file.place() or say("main.no_log")
