"""How grading a room looks while it goes: a live table, or plain lines."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from bmkit.course.grade.intake import Refused
from bmkit.course.grade.result import Verdict

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

SHOWN = 12  # the latest results; a room of 200 fits no screen


class Board:
    """Where the grading stands. Use as a context manager around it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.count = self.done = self.person = 0
        self.latest: deque[Verdict] = deque(maxlen=SHOWN)
        self.live: Live | None = None

    def __enter__(self) -> Board:
        if sys.stdout.isatty():
            from rich.live import Live

            self.live = Live(get_renderable=self._table, refresh_per_second=4)
            self.live.start()
        return self

    def __exit__(self, *stop: object) -> None:
        if self.live:
            self.live.stop()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def expecting(self, count: int, done: int) -> None:
        """Note how many there are, and how many are in the book already."""
        self.count, self.done = count, done
        if not self.live:
            print(f"{count} submissions, {done} of them graded before", flush=True)

    def graded(self, verdict: Verdict) -> None:
        """Note a result; without a terminal, print its line."""
        self.done += 1
        self.person += bool(verdict.person)
        self.latest.append(verdict)
        if not self.live:
            mark = "!" if verdict.person else "✓"
            print(f"{mark} {'  '.join(_row(verdict))}", flush=True)

    def refused(self, refused: Refused) -> None:
        """Print what is not graded, and why."""
        printer = self.live.console.print if self.live else print
        options = {"markup": False, "style": "red"} if self.live else {"flush": True}
        printer(f"✗ {refused}", **options)

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table("", "student", "lesson", "points", "", box=None)
        for verdict in self.latest:
            student, slug, points, reason = (Text(part) for part in _row(verdict))
            style = "bold red" if verdict.person else "green"
            mark = "!" if verdict.person else "✓"
            table.add_row(mark, student, slug, points, reason, style=style)
        rate = 60 * self.done / max(self.seconds, 0.1)
        table.caption = (
            f"{self.done} of {self.count} done, {self.person} for a person, "
            f"{self.seconds:.0f} s, {rate:.0f} a minute"
        )
        return table


def _row(verdict: Verdict) -> list[str]:
    reason = verdict.person[0] if verdict.person else ""
    return [
        f"{verdict.student:<20}",
        f"{verdict.slug:<22}",
        f"{verdict.points:g}/{verdict.of:g}",
        reason[:80],
    ]
