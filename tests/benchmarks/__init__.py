"""Measurements, run by hand: both sides in one run, medians and their ratio printed.

Walls are noisy where others use the machine: each prints the load it met.
"""

from __future__ import annotations

import os
import sys

from bmkit.course.source.catalog import Course, Lesson, UnknownLesson
from tests import ROOT


def asked(default: int) -> int:
    """The whole number that was given, or the default; what is none ends it."""
    given = sys.argv[1] if sys.argv[1:] else str(default)
    if not given.isdecimal() or int(given) < 1:
        sys.exit(f"bmkit bench: {given!r} is not a whole number from 1 up")
    return int(given)


def picked(slugs: list[str]) -> list[Lesson]:
    """The lessons of these slugs, all when there are none; an unknown one ends it."""
    try:
        return Course(ROOT).pick(slugs)
    except UnknownLesson as error:
        sys.exit(f"bmkit bench: {error}")


def load() -> str:
    """The machine's load, in words."""
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (5 min: {five:.1f}) on {os.cpu_count()} cores"


def busy() -> float:
    """CPU seconds that this machine has worked for anybody since it began (Linux)."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, *_ = map(int, file.readline().split()[1:])
    except OSError:
        return 0.0
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")
