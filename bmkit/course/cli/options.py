"""Options that several verbs share, so that they mean the same everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from bmkit.course.words import say
from bmkit.language import LANGS

MOST_SEED = 2**32 - 1
MOST = 1_000_000  # seconds: eleven days


def add_course(parser: argparse.ArgumentParser) -> None:
    """``--course DIR``, for `Course.find`."""
    parser.add_argument(
        "--course",
        type=folder,
        metavar="DIR",
        help="the course's folder (default: the checkout's, or the current folder's)",
    )


def add_lang(
    parser: argparse.ArgumentParser, about: str = "the language of what is said"
) -> None:
    """``--lang``; the command line speaks it too. None leaves it to the locale."""
    help_ = f"{about} (default: the locale's)"
    parser.add_argument("--lang", choices=LANGS, help=help_)


def whole(text: str) -> int:
    """A whole number that is 1 or more."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(say("option.whole", text=repr(text)))
    return number


def seed(text: str) -> int:
    """A seed that every generator takes: NumPy's has 32 bits."""
    if not (text.isascii() and text.isdigit()) or int(text[:11]) > MOST_SEED:
        why = say("option.seed", text=repr(text), most=MOST_SEED)
        raise argparse.ArgumentTypeError(why)
    return int(text)


def positive(text: str) -> float:
    """A number that is more than 0, and no more than a clock can wait for."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST:
        raise argparse.ArgumentTypeError(
            say("option.positive", text=repr(text), most=MOST)
        )
    return number


def folder(text: str) -> Path:
    """A folder's name; an empty one would be the current folder, unasked."""
    if not text.strip():
        raise argparse.ArgumentTypeError(say("option.folder"))
    return Path(text)


def csv_file(text: str) -> Path:
    """The name of a file that will hold CSV, and says so."""
    if not text.lower().endswith(".csv"):
        raise argparse.ArgumentTypeError(say("option.csv", text=repr(text)))
    return Path(text)
