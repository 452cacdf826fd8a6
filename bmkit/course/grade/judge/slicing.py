"""Which of the lesson's own cells must run for the answers to be judged.

Most of a lesson's time goes into cells that nobody is graded on: training runs,
pictures. A cell that the learner left as it was, and whose names no answer uses, can
change no mark; it is left out. When in doubt a cell runs: one that does not parse, or
reaches for names by string. One doubt is left: that a call gives back part of what it
was given (``view = memoryview(data)``), which a later cell then changes.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from bmkit.course.grade.judge.cell_names import BUILTINS, NONE, Names, names


class Plan(NamedTuple):
    """Which cells to run.

    Attributes:
        run: their positions.
        sure: whether every cell's text tells what it does; if not, an answer that
            fails may have lacked a cell.
    """

    run: set[int]
    sure: bool


def needed(cells: list[str], wanted: set[int], own: Set[int] = frozenset()) -> set[int]:
    """Positions of the cells to run so that the cells ``wanted`` run as in the whole.

    Args:
        cells: every code cell in order.
        wanted: positions that must run.
        own: positions of the lesson's own cells: what these reach by string is none of
            the notebook's names (the tests judge every lesson's known answers).
    """
    found = plan(cells, wanted, own)
    return found.run if found.sure else set(range(len(cells)))


def plan(
    cells: Sequence[str | Names], wanted: set[int], own: Set[int] = frozenset()
) -> Plan:
    """The cells that `needed` gives, and fewer where that is not sure to be enough.

    A cell that is wanted and not understood (``%run``, ``eval``, ``import *``) is taken
    for one that uses the names in its text and no others. A cell may be given as what
    is known of it.
    """
    every = [names(cell) if isinstance(cell, str) else cell for cell in cells]
    values = set().union(*(one.made - one.fixed for one in every))
    values |= set().union(*(one.unsure for one in every))
    made = set().union(*(one.made for one in every))
    fixed = made - values
    links = _Links(
        fixed=fixed,
        unknown=BUILTINS - made,
        inner=set().union(*(one.inner for one in every)),
        alias=_joined([alias - fixed for one in every for alias in one.alias]),
    )
    for one in every:
        for name, looked_up in one.later.items():
            links.later.setdefault(name, set()).update(looked_up)
    unclear = {position for position, one in enumerate(every) if not one.plain}
    doubts = {position for position in unclear & wanted if not every[position].broken}
    unclear -= wanted | {position for position in own if every[position].strings}
    # What such a cell uses cannot be told: all that came before it.
    run = wanted | set(range(max(unclear, default=-1) + 1))
    while True:
        more = run | _backwards(every, run, links)
        more |= _made_later(every, more, links)
        if more == run:
            return Plan(run, not doubts)
        run = more


@dataclass
class _Links:
    """What the names of all cells together have to do with each other."""

    fixed: set[str]
    unknown: set[str]
    inner: set[str]
    alias: dict[str, set[str]]
    later: dict[str, set[str]] = field(default_factory=dict)

    def reach(self, names: set[str]) -> set[str]:
        """These, and what functions among them look up when they are called."""
        found = set(names)
        waiting = list(names)
        while waiting:
            more = self.later.get(waiting.pop(), NONE) - found
            found |= more
            waiting += more
        return found - self.unknown

    def touched(self, one: Names) -> set[str]:
        """What a cell makes or may change: x.append(1), f(x), and what f looks up."""
        values = one.made | (self.reach(one.used) - self.fixed) | self.inner
        groups = {id(g): g for name in values if (g := self.alias.get(name))}
        return values.union(*groups.values())


def _joined(aliases: list[set[str]]) -> dict[str, set[str]]:
    """For each name, all that may stand for the same object."""
    groups: dict[str, set[str]] = {}
    for alias in aliases:
        known = {id(g): g for name in alias if (g := groups.get(name)) is not None}
        # The smaller ones go into the largest, so that no name moves often.
        group, *others = sorted(known.values(), key=len, reverse=True) or [set()]
        for part in (alias, *others):
            group |= part
            groups.update(dict.fromkeys(part, group))
    return groups


def _backwards(every: list[Names], run: set[int], links: _Links) -> set[int]:
    """From the last cell to the first: who makes or changes what is used after it."""
    found: set[int] = set()
    live: set[str] = set()
    for position in reversed(range(len(every))):
        one = every[position]
        if position in run or links.touched(one) & live:
            found.add(position)
            live = links.reach((live - one.sure) | one.used)
    return found


def _made_later(every: list[Names], run: set[int], links: _Links) -> set[int]:
    """Cells that make a name which a running cell uses and nothing before it makes."""
    makers: dict[str, set[int]] = {}
    for position, one in enumerate(every):
        for name in one.made:
            makers.setdefault(name, set()).add(position)
    found: set[int] = set()
    before: set[str] = set()
    for position, one in enumerate(every):
        if position in run:
            for name in links.reach(one.used) - before - one.made:
                found |= makers.get(name, set())
        before |= one.made
    return found
