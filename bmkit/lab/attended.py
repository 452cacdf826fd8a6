"""Who runs these cells: a person, a program that runs notebooks, or a grader."""

from __future__ import annotations

import os

from bmkit.lab.exercises import shell


def by_a_person() -> bool:
    """Whether someone sits before it.

    Nobody answers a question of nbconvert, papermill or nbgrader, and each says so
    with every cell that it sends.
    """
    kernel = getattr(shell(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", True))


def by_a_grader() -> bool:
    """Whether it is run to be graded, or to see that the lesson is right.

    nbgrader sets the first of these, bmkit's own kernels have the second.
    """
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("BMKIT_GRADING"))
