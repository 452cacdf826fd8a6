"""Mutants of a reference's text: small changes to its syntax tree, one at a time.

Each is a mistake that somebody makes: a sign, an axis, a comparison, a guard, a
constant. Those that give the same tree as the reference or as another are dropped.
Their titles say what became of what, and stay the same when lines move.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from bmkit.course.run.inside.slips import New, further, slips
from bmkit.course.source.regions import SOLUTION

MOST = 40  # mutants of one exercise
SHORT = 44  # signs of an expression in a title
Kinds = dict[str, dict[str, str]]


@dataclass(frozen=True)
class SyntaxMutant:
    """A changed reference: what changed, its whole code, the line in the cell."""

    title: str
    code: str
    line: int
    rare: bool = False  # whether it is tried only where there is room


@dataclass
class _Place:
    """Where a node hangs in the tree."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST

    @property
    def now(self) -> ast.AST:
        """What hangs there now."""
        found = getattr(self.parent, self.field)
        node: ast.AST = found if self.index is None else found[self.index]
        return node

    def put(self, new: New) -> None:
        """Hang something else there; statements may be several, or none."""
        if self.index is None:
            setattr(self.parent, self.field, new)
            return
        rows = list(getattr(self.parent, self.field))
        if isinstance(new, list):
            rows[self.index : self.index + 1] = new
            rows = rows or [ast.Pass()]
        else:
            rows[self.index] = new
        setattr(self.parent, self.field, rows)


def syntax_mutants(
    reference: str, kinds: Kinds | None = None, most: int = MOST
) -> list[SyntaxMutant]:
    """Changes to what stands in the solution region.

    Args:
        reference: the exercise cell with its solution.
        kinds: for each function, what kind of value each parameter was seen to have;
            a parameter is taken for another of the same kind.
        most: how many at most, spread over the lines.
    """
    tree = ast.parse(reference)
    first, last = _region(reference)
    seen = {_dumped(ast.unparse(tree))}
    found: list[SyntaxMutant] = []
    for place, function in list(_places(tree, "")):
        line = getattr(place.node, "lineno", 0)
        if not first < line < last:
            continue
        at = place.node, place.parent, place.field
        common = [(new, False) for new in slips(*at)]
        more = further(*at, (kinds or {}).get(function, {}))
        for new, rare in [*common, *((new, True) for new in more)]:
            title = _title(tree, place, new)
            rows = getattr(place.parent, place.field)
            place.put(new)
            code = ast.unparse(ast.fix_missing_locations(tree))
            setattr(place.parent, place.field, rows)
            shape = _dumped(code)
            if shape and shape not in seen:
                seen.add(shape)
                found.append(SyntaxMutant(title, code, line, rare))
    return _spread(found, most)


def _dumped(code: str) -> str:
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return ""


def _region(text: str) -> tuple[int, int]:
    rows = text.split("\n")
    begin = next(n for n, row in enumerate(rows, 1) if SOLUTION.begin in row)
    end = next(n for n, row in enumerate(rows, 1) if SOLUTION.end in row)
    return begin, end


def _places(node: ast.AST, function: str) -> Iterator[tuple[_Place, str]]:
    """Every node with where it hangs and the function that it stands in."""
    if isinstance(node, ast.FunctionDef):
        function = node.name
    for field, value in ast.iter_fields(node):
        for index, child in (
            enumerate(value) if isinstance(value, list) else [(None, value)]
        ):
            if isinstance(child, ast.AST):
                yield _Place(node, field, index, child), function
                yield from _places(child, function)


def _spread(found: list[SyntaxMutant], most: int) -> list[SyntaxMutant]:
    """At most so many: from each line in turn, the rare last, as a hash orders them."""
    lines: dict[int, list[SyntaxMutant]] = {}
    for mutant in found:
        lines.setdefault(mutant.line, []).append(mutant)
    for row in lines.values():
        row.sort(key=_order)
    turns = itertools.zip_longest(*lines.values())
    chosen = [one for turn in turns for one in turn if one is not None][:most]
    return sorted(chosen, key=lambda one: one.line)


def _order(mutant: SyntaxMutant) -> tuple[bool, str]:
    return mutant.rare, hashlib.sha256(mutant.title.encode()).hexdigest()


def _title(tree: ast.AST, place: _Place, new: New) -> str:
    """What became of what, in one line; so much around it that one knows where."""
    node = place.node
    if isinstance(node, ast.If):
        guard = _short(ast.unparse(node.test))
        if new is node.body:
            return f"if {guard} → always"
        return f"if {guard} → {'else' if node.orelse else 'never'}"
    if isinstance(new, list) and not new:
        return f"{_short(ast.unparse(node))} → left out"
    if isinstance(node, ast.comprehension):
        return f"if {_short(' and '.join(map(ast.unparse, node.ifs)))} → always"
    around = _around(tree, place)
    before = ast.unparse(around.node)
    rows = getattr(place.parent, place.field)
    place.put(new)
    after = ast.unparse(around.now)
    setattr(place.parent, place.field, rows)
    # Of what is long, the part that differs.
    pairs = enumerate(zip(before, after, strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
    begin = max(0, same - SHORT // 3) if max(len(before), len(after)) > SHORT else 0
    return f"{_short(before, begin)} → {_short(after, begin)}"


def _around(tree: ast.AST, place: _Place) -> _Place:
    """The smallest expression around a node that tells where it stands."""
    places = {id(one.node): one for one, _ in _places(tree, "")}
    small = (ast.Constant, ast.Name, ast.UnaryOp, ast.Attribute)
    while isinstance(place.node, small) or not isinstance(place.node, ast.expr):
        above = places.get(id(place.parent))
        if above is None or not isinstance(above.node, ast.expr | ast.keyword):
            break
        if len(ast.unparse(above.node)) > SHORT:
            break
        place = above
    return place


def _short(text: str, begin: int = 0) -> str:
    text = ("…" if begin else "") + " ".join(text.split())[begin:]
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
