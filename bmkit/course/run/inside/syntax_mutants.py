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

from bmkit.course.source.regions import SOLUTION

MOST = 40  # mutants of one exercise
SHORT = 44  # signs of an expression in a title
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
# Functions and methods that people take one for the other.
_PAIRS = (
    *("mean sum", "min max", "amin amax", "argmin argmax", "minimum maximum"),
    *("floor ceil", "zeros ones", "zeros_like ones_like", "any all", "tril triu"),
    *("log log2", "std var", "cumsum cumprod", "round int", "sin cos", "append extend"),
)
PAIRS = {a: b for pair in _PAIRS for a, b in itertools.permutations(pair.split())}
PAIRS |= {"floor": "round", "ceil": "floor", "prod": "sum", "nanmean": "mean"}
# f(x) → x, and x.f() → x; for an iterable, list(x).
PASSED = {"sqrt", "exp", "log", "abs", "square", "relu", "tanh", "sigmoid"}
PASSED |= {"int", "round", "floor", "ceil", "clone", "copy", "deepcopy", "log1p"}
LISTED = {"sorted", "reversed", "set"}
SAME = {"strict", "stacklevel", "dim", "axis"}  # keywords that are not left out
ALIKE = ("dtype", "device", "new_", "type")  # what all tensors of a call have alike
NUMBERLESS = 1e6  # as large as this a number stands for infinity
TINY = 1e-4  # as small as this a number only keeps from dividing by zero


@dataclass(frozen=True)
class SyntaxMutant:
    """A changed reference: what changed, its whole code, the line in the cell."""

    title: str
    code: str
    line: int


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

    def put(self, new: ast.AST | list[ast.stmt]) -> None:
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


New = ast.AST | list[ast.stmt]
Kinds = dict[str, dict[str, str]]


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
    seen = {ast.dump(tree)}
    found: list[SyntaxMutant] = []
    for place, function in list(_places(tree, "")):
        line = getattr(place.node, "lineno", 0)
        if not first < line < last:
            continue
        for new in _changes(place, (kinds or {}).get(function, {})):
            title = _title(tree, place, new)
            rows = getattr(place.parent, place.field)
            place.put(new)
            code = ast.unparse(ast.fix_missing_locations(tree))
            setattr(place.parent, place.field, rows)
            shape = _dumped(code)
            if shape and shape not in seen:
                seen.add(shape)
                found.append(SyntaxMutant(title, code, line))
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
    """At most so many: from each line in turn, in an order that a hash chooses."""
    lines: dict[int, list[SyntaxMutant]] = {}
    for mutant in found:
        lines.setdefault(mutant.line, []).append(mutant)
    for row in lines.values():
        row.sort(key=lambda one: hashlib.sha256(one.title.encode()).hexdigest())
    turns = itertools.zip_longest(*lines.values())
    chosen = [one for turn in turns for one in turn if one is not None][:most]
    return sorted(chosen, key=lambda one: one.line)


def _changes(place: _Place, kinds: dict[str, str]) -> Iterator[New]:
    """All that may stand in the place of a node."""
    node = place.node
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, ast.Constant | ast.UnaryOp):
        yield from _constants(place)
    if isinstance(node, ast.BinOp):
        yield from _operations(node)
    elif isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            other = COMPARISONS.get(type(operator))
            if other:
                ops = [*node.ops[:number], other(), *node.ops[number + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other_op, node.values)
        for number in range(len(node.values)):
            left = node.values[:number] + node.values[number + 1 :]
            yield ast.BoolOp(node.op, left) if len(left) > 1 else left[0]
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield ast.comprehension(node.target, node.iter, [], node.is_async)
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        kind = kinds.get(node.id)
        if getattr(place.parent, "attr", "").startswith(ALIKE):
            return
        for other_name, its_kind in kinds.items():
            if kind and its_kind == kind and other_name != node.id:
                yield ast.Name(other_name, ast.Load())


def _statements(node: ast.stmt) -> Iterator[New]:
    if isinstance(node, ast.If):
        yield node.body  # always
        yield node.orelse or [ast.Pass()]  # never
    elif isinstance(node, ast.AugAssign):
        other = OPERATORS.get(type(node.op))
        if other:
            yield ast.AugAssign(node.target, other(), node.value)
        yield []
    elif isinstance(node, ast.Assign):
        # What defines a name must stay; what changes a value may be forgotten.
        names = {x.id for x in node.targets if isinstance(x, ast.Name)}
        plain = all(isinstance(x, ast.Name | ast.Tuple) for x in node.targets)
        if not plain or names & _names(node.value):
            yield []
    elif isinstance(node, ast.Break | ast.Continue) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield []


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _constants(place: _Place) -> Iterator[New]:
    node = place.node
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            if isinstance(node.operand.value, int | float):
                yield from map(_constant, _others(-node.operand.value))
        elif isinstance(node.op, ast.USub | ast.Not | ast.Invert):
            yield node.operand
        return
    assert isinstance(node, ast.Constant)
    if isinstance(place.parent, ast.UnaryOp) or place.field == "format_spec":
        return  # told with its sign
    word = place.parent.arg if isinstance(place.parent, ast.keyword) else ""
    if isinstance(node.value, bool):
        if word not in SAME:
            yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield from map(_constant, _others(node.value))


def _others(value: float) -> list[float]:
    if abs(value) >= NUMBERLESS:
        return []
    if isinstance(value, float):
        return [0.0] if abs(value) < TINY else [2 * value, value + 1]
    return list(
        dict.fromkeys([value + 1, value - 1, *([2 * value] if value > 2 else [])])
    )


def _constant(value: float) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _operations(node: ast.BinOp) -> Iterator[New]:
    other = OPERATORS.get(type(node.op))
    text = isinstance(node.left, ast.Constant | ast.JoinedStr) and not isinstance(
        getattr(node.left, "value", 0), int | float
    )
    if other and not text:
        yield ast.BinOp(node.left, other(), node.right)
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)


def _calls(node: ast.Call) -> Iterator[New]:
    name = _called(node)
    other = PAIRS.get(name)
    # What is whole already, int(x.sum()) say, stays the same: only its type changes.
    whole = name == "int" and not any(isinstance(x, ast.BinOp) for x in node.args)
    if other and not whole:
        yield ast.Call(_renamed(node.func, other), node.args, node.keywords)
    method = isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("torch", "np", "math", "F", "nn", "copy", "random")
    )
    if name in PASSED and not node.keywords and not whole:
        if method and not node.args:
            assert isinstance(node.func, ast.Attribute)
            yield node.func.value
        elif not method and len(node.args) == 1:
            yield node.args[0]
    if name in LISTED and len(node.args) == 1 and not method:
        yield ast.Call(ast.Name("list", ast.Load()), node.args, [])
    if name == "sorted" and not any(k.arg == "reverse" for k in node.keywords):
        back = ast.keyword("reverse", ast.Constant(True))
        yield ast.Call(node.func, node.args, [*node.keywords, back])
    if name == "range":
        *start, end = node.args if len(node.args) < 3 else node.args[:2]
        less = ast.BinOp(end, ast.Sub(), ast.Constant(1))
        yield ast.Call(node.func, [*start, less, *node.args[2:]], [])
        if len(node.args) == 1:
            yield ast.Call(node.func, [ast.Constant(1), *node.args], [])
    for number, word in enumerate(node.keywords):
        boolean = isinstance(word.value, ast.Constant) and isinstance(
            word.value.value, bool
        )
        if word.arg and word.arg not in SAME and not boolean:
            left = node.keywords[:number] + node.keywords[number + 1 :]
            yield ast.Call(node.func, node.args, left)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def _renamed(function: ast.expr, name: str) -> ast.expr:
    if isinstance(function, ast.Attribute):
        return ast.Attribute(function.value, name, ast.Load())
    return ast.Name(name, ast.Load())


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
