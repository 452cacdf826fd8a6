"""Solutions and hidden tests: the regions of a cell that learners must not get.

The markers and the stub are nbgrader's own, so stock nbgrader cuts out the same.
"""

from __future__ import annotations

from dataclasses import dataclass

STUB = ["# YOUR CODE HERE", "raise NotImplementedError()"]


@dataclass(frozen=True)
class Region:
    """A pair of markers, each on a line of its own."""

    name: str
    begin: str
    end: str


SOLUTION = Region("solution", "### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = Region("hidden-test", "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


def regions_wrong(text: str, region: Region, *, needed: bool) -> str:
    """What is wrong with a cell's regions of this kind; empty when nothing is."""
    inside = False
    count = 0
    for line in text.splitlines():
        if region.begin in line:
            if inside:
                return f"a {region.name} region inside another"
            inside, count = True, count + 1
        elif region.end in line:
            if not inside:
                return f"{region.end!r} without its beginning"
            inside = False
    if inside:
        return f"unclosed {region.name} region: {region.end!r} is missing"
    if needed and region is HIDDEN and not count:
        return "a hidden-test region is needed, there is none"
    if needed and region is SOLUTION and count != 1:
        return f"exactly one {region.name} region is needed, there are {count}"
    return ""


def cut(text: str, region: Region, instead: list[str] | None = None) -> str:
    """Remove the regions, markers and all; put ``instead`` where each was."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        if region.begin in line:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            kept += [indent + row for row in instead or []]
        elif region.end in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def stub(text: str) -> str:
    """An exercise as the learner first sees it."""
    return cut(text, SOLUTION, STUB)


def answer(text: str) -> str:
    """An exercise with its solution, as a learner might have written it."""
    marks = (SOLUTION.begin, SOLUTION.end)
    rows = text.split("\n")
    return "\n".join(row for row in rows if not any(mark in row for mark in marks))
