"""Partial credit: a check in parts, each of which is worth points of its own.

    with bm.expect.part(1, "small numbers"):
        bm.expect.close(add(1, 2), 3, "did you add?")
    with bm.expect.part(1, "negative numbers"):
        bm.expect.close(add(-4, 1), -3, "the sign counts")

A part that fails stops no other. Where all fail, the check's error is the first one's.
Where some pass, the check fails with `PartlyRight`, which says which, and has the
points.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

from bmkit.lab.failures import CheckFailed
from bmkit.lab.words import say

Words = Callable[[BaseException], str]


class PartlyRight(CheckFailed):
    """Some parts of a check passed; ``points`` is what they are worth."""

    def __init__(self, message: str, points: float) -> None:
        super().__init__(message)
        self.points = points


@dataclass
class part:
    """One part of a check, around its tests.

    Args:
        points: what it is worth.
        title: what it is about, in a few words for the learner.
    """

    points: float
    title: str
    error: BaseException | None = None

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> bool:
        self.error = error
        if _running:
            _running[-1].append(self)
        # What ends the learner's process, or its time, is no test's outcome.
        ends = getattr(error, "ends_check", False)
        return bool(_running) and isinstance(error, Exception) and not ends


_POINTS = re.compile(r"[\d.]+ of [\d.]+ points")
_TITLE = re.compile(r"✗ .*?\([\d.]+\): ")
_running: list[list[part]] = []  # parts of each check that runs, the innermost last
_earned: list[float] = []  # for stock nbgrader: of the check that ran last


@contextlib.contextmanager
def counted(in_words: Words) -> Iterator[None]:
    """Around a check: what its parts come to.

    Args:
        in_words: puts an error in the learner's words.

    Raises:
        PartlyRight: some parts failed.
        Exception: all failed; it is the first one's.
    """
    parts: list[part] = []
    _running.append(parts)
    try:
        yield
    finally:
        _running.remove(parts)
    errors = [one.error for one in parts if one.error is not None]
    if len(errors) == len(parts) and errors:
        raise errors[0]
    if errors:
        points = sum(one.points for one in parts if one.error is None)
        raise PartlyRight(_told(parts, points, in_words), points)


def for_nbgrader(failed: PartlyRight) -> bool:
    """Whether stock nbgrader grades: an error is 0 points to it, a number so many."""
    if os.environ.get("NBGRADER_EXECUTION") != "autograde":
        return False
    print(f"✗ {failed}")
    _earned[:] = [failed.points]
    return True


def earned() -> float | None:
    """A check's points for stock nbgrader, where some are missing: its cell's value."""
    return _earned.pop() if _earned else None


def reasons(message: str) -> str:
    """What the failed parts of a check said in English; any other message as it is.

    Their titles say what a part is about, not what is wrong.
    """
    head, _, rest = message.partition("\n")
    if not _POINTS.fullmatch(head):
        return message
    lines = [line for line in rest.splitlines() if not line.startswith("✓ ")]
    return "\n".join(_TITLE.sub("", line) for line in lines)


def _told(parts: list[part], points: float, in_words: Words) -> str:
    """Which parts passed and which did not, a line each."""
    of = sum(one.points for one in parts)
    lines = [say("parts.points", points=f"{points:g}", of=f"{of:g}")]
    for one in parts:
        values = {"title": one.title, "points": f"{one.points:g}"}
        if one.error is None:
            lines.append(say("parts.right", **values))
        else:
            lines.append(say("parts.wrong", **values, why=in_words(one.error)))
    return "\n".join(lines)
