"""How a run looks while it goes: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bmkit.course.live_table import LiveTable
from bmkit.course.run.result import Result
from bmkit.course.words import say

if TYPE_CHECKING:
    from rich.table import Table

MARKS = {"passed": "✓", "unchanged": "=", "skipped": "–", "running": "…", "waiting": ""}


class Board(LiveTable):
    """Where each lesson stands. Use as a context manager around the run."""

    def __init__(self, slugs: list[str]) -> None:
        super().__init__()
        self.slugs = slugs
        self.results: dict[str, Result] = {}

    def finished(self, result: Result) -> None:
        """Note a lesson's end; without a terminal, print its line."""
        self.results[result.slug] = result
        mark = MARKS.get(result.status, "✗")
        self.line(f"{mark} {'  '.join(_row(result))}")

    def table(self) -> Table:
        from rich.table import Table

        heads = ("lesson", "status", "time", "memory", "claims")
        table = Table("", *(say(f"board.{head}") for head in heads), box=None)
        for slug in self.slugs:
            result = self.results.get(slug)
            if result is None:
                table.add_row("…", slug, "", "", "", "", style="dim")
                continue
            style = "green" if result.good else "bold red"
            mark = MARKS.get(result.status, "✗")
            table.add_row(mark, *(cell.strip() for cell in _row(result)), style=style)
        done, count = len(self.results), len(self.slugs)
        table.caption = say("board.done", done=done, count=count, seconds=self.seconds)
        return table


def _row(result: Result) -> list[str]:
    held = sum(claim["holds"] for claim in result.claims)
    return [
        f"{result.slug:<22}",
        f"{result.says:<12}",
        f"{result.seconds:6.1f} s",
        f"{result.memory / 2**20:6.0f} MiB",
        say("board.held", held=held, count=len(result.claims)),
    ]
