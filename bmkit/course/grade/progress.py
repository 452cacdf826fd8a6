"""How grading a room looks while it goes: a live table, or plain lines."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bmkit.course.grade.result import Verdict
from bmkit.course.grade.submitted_file import Note, Refused
from bmkit.course.live_table import LiveTable
from bmkit.course.words import say
from bmkit.language import one_line

if TYPE_CHECKING:
    from rich.table import Table

HEADS = ("student", "lesson", "points")
SHOWN = 12  # the latest results; a room of 200 fits no screen


class Board(LiveTable):
    """Where the grading stands. Use as a context manager around it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.done = self.person = 0
        self.latest: deque[Verdict] = deque(maxlen=SHOWN)

    def expecting(self, count: int, done: int) -> None:
        """Note how many there are, and how many are in the book already."""
        self.count, self.done = count, done
        self.line(say("rows.expecting", count=count, done=done))

    def graded(self, verdict: Verdict) -> None:
        """Note a result; without a terminal, print its line."""
        self.done += 1
        self.person += bool(verdict.person)
        self.latest.append(verdict)
        mark = "!" if verdict.person else "✓"
        self.line(f"{mark} {'  '.join(_row(verdict))}")

    def refused(self, refused: Refused) -> None:
        """Print what is not graded, and why."""
        self.warn(f"✗ {refused}")

    def noted(self, note: Note) -> None:
        """Print what a teacher should know of a file that costs nobody anything."""
        self.warn(f"· {note}")

    def table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table("", *(say(f"rows.{head}") for head in HEADS), "", box=None)
        for verdict in self.latest:
            student, slug, points, reason = (Text(part) for part in _row(verdict))
            style = "bold red" if verdict.person else "green"
            mark = "!" if verdict.person else "✓"
            table.add_row(mark, student, slug, points, reason, style=style)
        rate = 60 * self.done / max(self.seconds, 0.1)
        table.caption = say(
            "rows.done",
            done=self.done,
            count=self.count,
            person=self.person,
            seconds=self.seconds,
            rate=rate,
        )
        return table


def _row(verdict: Verdict) -> list[str]:
    reason = verdict.person[0] if verdict.person else ""
    return [
        f"{one_line(verdict.student):<20}",
        f"{verdict.slug:<22}",
        f"{verdict.points:g}/{verdict.of:g}",
        one_line(reason[:80]),
    ]
