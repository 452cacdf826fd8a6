"""A check as learners run it: in a function, so that it leaves no name behind.

Authors write a check as plain lines. Built, they stand in a function that runs where it
is defined: what the check binds is its own, and running it again changes nothing. What
the exercise defines is watched meanwhile (`bmkit.lab.guard`).
"""

from __future__ import annotations

import io
import textwrap
import tokenize
from collections.abc import Sequence

from bmkit.course.source.cells import Cell
from bmkit.course.source.signatures import defined

INDENT = " " * 4
HEAD = "# {}\n@bm.expect.at_once({})\ndef _check():\n"
TAIL = "\n\ndel _check"
PART = "bm.expect.part("  # a check in parts
EARNED = "\nbm.expect.earned()"  # its cell's value, for stock nbgrader


def check_cell(exercise: Cell, check: str, title: str) -> str:
    """The check of an exercise as learners get it.

    Args:
        exercise: what is checked.
        check: the check's lines.
        title: a comment before them.
    """
    changes = str(exercise.options.get("changes", ""))
    return enclosed(check, title, defined(exercise.source), changes)


def enclosed(
    check: str, title: str, names: Sequence[str] = (), changes: str = ""
) -> str:
    """The check's lines as the body of a function that runs at once.

    Args:
        check: the lines.
        title: a comment before them: of a folded cell, the first line is seen.
        names: what the exercise defines, to be watched meanwhile.
        changes: the parameters that it may change, with spaces between.
    """
    given = [f'"{name}"' for name in names]
    given += [f'changes="{changes}"'] if changes else []
    inside = _within_strings(check)
    rows = [
        row if number in inside else textwrap.indent(row, INDENT)
        for number, row in enumerate(check.split("\n"), 1)
    ]
    tail = TAIL + (EARNED if PART in check else "")
    return HEAD.format(title, ", ".join(given)) + "\n".join(rows) + tail


def _within_strings(code: str) -> set[int]:
    """The lines that go on with a string of several: to indent them would change it."""
    within: set[int] = set()
    opened: list[int] = []  # an f-string is one token from Python 3.12 on no longer
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            within |= set(range(token.start[0] + 1, token.end[0] + 1))
        elif kind == "FSTRING_START":
            opened.append(token.start[0])
        elif kind == "FSTRING_END":
            within |= set(range(opened.pop() + 1, token.end[0] + 1))
    return within
