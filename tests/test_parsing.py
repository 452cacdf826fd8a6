"""Threads that parse at one time get their trees, whatever the others do."""

import concurrent.futures as futures
import gc
import sys
from pathlib import Path

from bmkit.course import parsing


class Dropped:
    """Gives other threads a turn whenever it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        sum(range(50))


def deep(source: str, depth: int) -> int:
    """Parse at some depth of calls, with garbage about."""
    Dropped()
    return deep(source, depth - 1) if depth else len(parsing.parse(source).body)


def test_threads_do_not_disturb_each_other():
    # With ast.parse in its place about one call in twenty raises SystemError.
    source = Path(__file__).read_text(encoding="utf-8") * 5
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    try:
        with futures.ThreadPoolExecutor(4) as pool:
            told = [pool.submit(deep, source, number % 40) for number in range(200)]
            assert len({one.result() for one in told}) == 1
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
