"""Formulas with one thing wrong: an equation's cell, changed in one place.

A sign is turned round, a term or a transpose dropped, a constant doubled, an exponent
raised, a sum made a mean; a letter is doubled, squared, or replaced by another. What is
changed stands on one side of the equation, so its comparison should fail. Where it does
not, the numbers of the cell hide a letter: it is 0 or 1, or equal to another.
"""

from __future__ import annotations

import ast
import itertools
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bmkit.course.run.inside.sides import FORMS, comparisons, sides

LONGEST = 48  # characters of code in a title
LEAD = 24  # of them before the difference
SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
# What chooses the points where a formula is tried: sizes, seeds, ranges.
CHOICES = {"randn", "rand", "randint", "randperm", "normal", "uniform", "choice"}
CHOICES |= {"manual_seed", "default_rng", "seed", "zeros", "ones", "empty", "full"}
CHOICES |= {"linspace", "logspace", "geomspace"}
TINY = 1e-3  # a smaller constant is the step of a difference quotient, or a tolerance
PLUMBING = {"dtype", "device", "generator", "keepdim", "keepdims", "size", "atol"}
# What only the size of a letter matters to.
SIZES = {"shape", "ndim", "size", "numel", "dtype", "device", "dim"}
SIZED = {"len", "zeros_like", "ones_like", "empty_like", "full_like", "randn_like"}
# What takes a number of things: its square could be more than fits in memory.
COUNTS = {"range", "arange", "eye", "tile", "repeat", "expand"}
SHORT = (ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Call, ast.Compare, ast.Attribute)

Above = dict[ast.AST, tuple[ast.AST, str, int]]  # a node's parent, and where in it


@dataclass(frozen=True)
class Perturbation:
    """One change.

    Attributes:
        title: what stood there and what stands there now; no two are the same.
        line: of the cell, from 1.
        code: the whole cell, changed; it calls what `altered.HELPERS` has.
    """

    title: str
    line: int
    code: str


@dataclass(frozen=True)
class _Change:
    """A node's replacement, as it runs and as it is shown; low ranks come first."""

    rank: int
    node: ast.expr
    runs: ast.expr
    shown: ast.expr | str


def perturbations(code: str, label: str, space: dict[str, Any]) -> list[Perturbation]:
    """Every change to the sides of an equation, the most telling first.

    Args:
        code: the equation's cell.
        label: the equation's.
        space: the names as the cell leaves them: by their values letters are told.
    """
    tree = ast.parse(code)
    above = _above(tree)
    changes = [one for call in comparisons(tree, label) for one in _whole(call)]
    for side in sides(tree, label):
        letters = _letters(side, space)
        for node in _formula(side):
            changes += _changes(node, above, letters)
    seen: dict[str, int] = {}
    made = []
    for change in sorted(changes, key=lambda one: one.rank):  # stable: nearest first
        title = _title(change, above)
        seen[title] = seen.get(title, 0) + 1
        if seen[title] > 1:
            title += f" ({seen[title]})"
        with _put(change.node, change.runs, above):
            text = ast.unparse(tree)
        made.append(Perturbation(title, change.node.lineno, text))
    return made


def _whole(call: ast.Call) -> Iterator[_Change]:
    """Changes of the right-hand side as a whole."""
    right = call.args[2]
    yield _Change(0, right, _call("negated", right), "the right-hand side negated")
    if ast.unparse(call.func) == "bm.inequality":
        yield _Change(0, right, _call("tight", right), "the bound × 0.95")


def _changes(node: ast.expr, above: Above, letters: set[str]) -> Iterator[_Change]:
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            other = ast.BinOp(left, SIGNS[type(op)](), right)
            yield _Change(1, node, other, other)
            for term in (left, right):
                yield _Change(2, node, _call("like", node, term), term)
        case ast.BinOp(left, ast.Pow() as op, right):
            power = ast.BinOp(left, op, _raised(right))
            yield _Change(1, node, power, power)
        case ast.UnaryOp(ast.USub(), operand) if not _number(operand):
            # Of a negative constant, an axis say, none can tell what its sign is of.
            yield _Change(1, node, operand, operand)
        case ast.Constant(value) if _number(node) and not _exponent(node, above):
            if abs(value) >= TINY:  # type: ignore[arg-type]
                twice = ast.Constant(2 * value)  # type: ignore[operator]
                yield _Change(1, node, twice, twice)
        case ast.Attribute(value, "T" | "mT"):
            yield _Change(1, node, value, value)
        case ast.Call(ast.Attribute(value, "t" | "transpose"), _):
            yield _Change(1, node, value, value)
        case ast.Call(ast.Attribute(value, "sum" | "mean" as name), args, words):
            other_name = "mean" if name == "sum" else "sum"
            call = ast.Call(ast.Attribute(value, other_name, ast.Load()), args, words)
            yield _Change(1, node, call, call)
        case ast.Call(ast.Name("sum"), args, []):
            shown = ast.Call(ast.Name("mean", ast.Load()), args, [])
            yield _Change(1, node, _call("mean", *args), shown)
        case ast.Name(name, ast.Load()) if name in letters and _valued(node, above):
            twice_it = ast.BinOp(ast.Constant(2), ast.Mult(), node)
            yield _Change(2, node, _call("double", node), twice_it)
            if not _counting(node, above):
                square = ast.BinOp(node, ast.Pow(), ast.Constant(2))
                yield _Change(3, node, _call("square", node), square)
            for another in sorted(letters - {name}):
                new = ast.Name(another, ast.Load())
                yield _Change(4, node, _call("like", node, new), new)


def _formula(side: ast.AST) -> Iterator[ast.expr]:
    """The nodes of a side that a formula has, without plumbing."""
    if isinstance(side, ast.expr):
        if _chosen(side):
            return
        yield side
    for field, value in ast.iter_fields(side):
        if field in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        nodes = value if isinstance(value, list) else [value]
        if isinstance(side, ast.For) and field == "iter" and _idle(side.target):
            continue  # how often something is repeated
        for node in nodes:
            if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.keyword) and node.arg in PLUMBING:
                continue
            if _built(side) and field == "args" and isinstance(node, ast.Constant):
                continue
            if isinstance(node, ast.AST):
                yield from _formula(node)


def _built(node: ast.AST) -> bool:
    """Whether it makes an object of a class: numbers given to that are its sizes."""
    return isinstance(node, ast.Call) and _called(node)[:1].isupper()


def _chosen(node: ast.expr) -> bool:
    """Whether it chooses points by itself: ``0.1 + 5 * torch.rand(6)``."""
    match node:
        case ast.Call():
            return _called(node) in CHOICES
        case ast.BinOp(left, _, right):
            pair = (left, right), (right, left)
            return any(_chosen(one) and _number(other) for one, other in pair)
    return False


def _letters(side: ast.AST, space: dict[str, Any]) -> set[str]:
    """The names that a side reads, and that may hold a number or an array."""
    own = {
        node.arg if isinstance(node, ast.arg) else getattr(node, "id", "")
        for node in ast.walk(side)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }
    read = {
        node.id
        for node in ast.walk(side)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    nothing = (types.ModuleType, str, bool, dict, set, type(None))
    known = {
        name
        for name, value in space.items()
        if not callable(value) and not isinstance(value, nothing)
    }
    return read & (own | known) - {"_"}


def _valued(node: ast.Name, above: Above) -> bool:
    """Whether the value of a letter is used here, not its size alone."""
    parent, field, _ = above[node]
    if isinstance(parent, ast.Attribute):
        return parent.attr not in SIZES
    if isinstance(parent, ast.Call):
        return field == "args" and _called(parent) not in SIZED
    return True


def _counting(node: ast.AST, above: Above) -> bool:
    """Whether it stands in what takes a number of things."""
    while node in above and isinstance(node, ast.expr):
        node, field, _ = above[node]
        if isinstance(node, ast.Call) and field == "args" and _called(node) in COUNTS:
            return True
    return False


def _exponent(node: ast.expr, above: Above) -> bool:
    parent, field, _ = above[node]
    return (
        isinstance(parent, ast.BinOp)
        and isinstance(parent.op, ast.Pow)
        and field == "right"
    )


def _raised(exponent: ast.expr) -> ast.expr:
    match exponent:
        case ast.Constant(int() | float() as value):
            return ast.Constant(value + 1)
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
            return ast.Constant(1 - value)
    return ast.BinOp(exponent, ast.Add(), ast.Constant(1))


def _number(node: ast.expr) -> bool:
    value = getattr(node, "value", None)
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _idle(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "_"


def _called(call: ast.Call) -> str:
    """The last name of what is called: ``randn`` of ``torch.randn``."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _call(helper: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"_{helper}", ast.Load()), list(args), [])


def _title(change: _Change, above: Above) -> str:
    """What stood there → what stands there now, within what is around it if short."""
    if isinstance(change.shown, str):
        return change.shown
    parent = above[change.node][0]
    for around in (parent, change.node):
        before = " ".join(ast.unparse(around).split())
        compares = before.startswith(tuple(FORMS))
        if isinstance(around, SHORT) and len(before) <= LONGEST and not compares:
            break
    with _put(change.node, change.shown, above):
        after = ast.unparse(change.shown if around is change.node else around)
    after = " ".join(after.split())
    pairs = enumerate(itertools.zip_longest(before, after))
    same = next((n for n, (one, other) in pairs if one != other), 0)
    # What is too long is cut so that the difference is seen.
    begin = 0 if max(len(before), len(after)) <= LONGEST else max(0, same - LEAD)
    return f"{_cut(before, begin)} → {_cut(after, begin)}"


def _cut(text: str, begin: int) -> str:
    end = begin + LONGEST
    return "…" * (begin > 0) + text[begin:end] + "…" * (len(text) > end)


def _above(tree: ast.AST) -> Above:
    found: Above = {}
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                found[value] = node, field, -1
            elif isinstance(value, list):
                for place, child in enumerate(value):
                    found[child] = node, field, place
    return found


class _put:
    """Another node in the place of one, for a while."""

    def __init__(self, node: ast.expr, other: ast.expr, above: Above) -> None:
        self.node, self.other = node, other
        self.parent, self.field, self.place = above[node]

    def __enter__(self) -> None:
        self._set(self.other)

    def __exit__(self, *_: object) -> None:
        self._set(self.node)

    def _set(self, node: ast.expr) -> None:
        if self.place < 0:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.place] = node
