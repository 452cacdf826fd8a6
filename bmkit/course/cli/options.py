"""Options that several verbs share, so that they mean the same everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_course(parser: argparse.ArgumentParser) -> None:
    """``--course DIR``, for `Course.find`."""
    parser.add_argument(
        "--course",
        type=Path,
        metavar="DIR",
        help="the course's folder (default: the checkout's, or the current folder's)",
    )
