"""A table that is kept up to date in a terminal; where there is none, plain lines."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


class LiveTable:
    """What a long command shows of its work. Use as a context manager around it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.live: Live | None = None

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich.live import Live

            self.live = Live(get_renderable=self.table, refresh_per_second=4)
            self.live.start()
        return self

    def __exit__(self, *stop: object) -> None:
        if self.live:
            self.live.stop()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def table(self) -> Table:
        """How things stand."""
        raise NotImplementedError

    def line(self, text: str) -> None:
        """Print what the table will show too; nothing in a terminal."""
        if not self.live:
            print(text, flush=True)

    def warn(self, text: str) -> None:
        """Print what the table does not show; in a terminal above it."""
        if self.live:
            self.live.console.print(text, markup=False, highlight=False, style="red")
        else:
            print(text, flush=True)
