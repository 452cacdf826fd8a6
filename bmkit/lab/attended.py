"""Who runs these cells: a person, a program that runs notebooks, or a grader."""

from __future__ import annotations

import asyncio
import bdb
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from bmkit.lab.exercises import shell


def by_a_person() -> bool:
    """Whether someone sits before it.

    Nobody answers a question of nbconvert, papermill or nbgrader, and each says so
    with every cell that it sends.
    """
    kernel = getattr(shell(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", True))


@contextlib.contextmanager
def as_graded() -> Iterator[None]:
    """Have no keyboard, no debugger and no running loop, as where answers are graded.

    So a check says of an answer in the notebook what grading will say of it.
    """
    kernel: Any = getattr(shell(), "kernel", None)
    asked = getattr(kernel, "_allow_stdin", None)
    debugger, loop = sys.breakpointhook, asyncio._get_running_loop()
    if asked is not None:
        kernel._allow_stdin = False
    sys.breakpointhook = _no_debugger
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        sys.breakpointhook = debugger
        if asked is not None:
            kernel._allow_stdin = asked


def _no_debugger(*_: object, **__: object) -> NoReturn:
    raise bdb.BdbQuit


def by_a_grader() -> bool:
    """Whether it is run to be graded, or to see that the lesson is right.

    nbgrader sets the first of these, bmkit's own kernels have the second.
    """
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("BMKIT_GRADING"))
