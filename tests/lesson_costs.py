"""What each lesson costs when everything is tested, as a table at the end."""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest

SECONDS = 60  # what a lesson may take at ci: the table flags those that take more
RUN = ("run", "graders", "mutants", "equations")  # all of it in the lesson's own kernel
COLUMNS = (*RUN, "variants", "pages", "judging", "stock")
COSTS = pytest.StashKey[dict[str, dict[str, float]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COSTS] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0.0))


@pytest.fixture(scope="session")
def cost(request: pytest.FixtureRequest) -> Callable[[str, str], object]:
    """``with cost(slug, column):`` adds what the block takes to the table."""
    costs = request.config.stash[COSTS]

    @contextlib.contextmanager
    def measured(slug: str, column: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        costs[slug][column] += time.perf_counter() - began

    return measured


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Seconds by lesson, the dearest first; those too big for ci are flagged."""
    costs = config.stash[COSTS]
    if not costs:
        return
    cores = os.cpu_count() or 1
    load = os.getloadavg()[1] if hasattr(os, "getloadavg") else 0
    terminalreporter.section("what each lesson cost")
    write = terminalreporter.write_line
    write(f"seconds of wall time, {cores} side by side; load of the machine {load:.1f}")
    write(f"{'':<26}" + "".join(f"{c:>10}" for c in (*COLUMNS, "in all")))
    for slug, row in sorted(costs.items(), key=lambda one: -sum(one[1].values())):
        big = sum(row[column] for column in RUN) > SECONDS
        write(_line(slug, row) + (f"  runs over {SECONDS} s" if big else ""))
    total = {c: sum(row[c] for row in costs.values()) for c in COLUMNS}
    write(_line(f"{len(costs)} lessons", total))


def _line(name: str, row: dict[str, float]) -> str:
    values = [*row.values(), sum(row.values())]
    return f"{name:<26}" + "".join(f"{value:>10.1f}" for value in values)
