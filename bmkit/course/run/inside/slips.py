"""What may stand in the place of a piece of a program: slips that people make.

A sign, a comparison, a constant, an axis, a guard, a loop that ends too soon, a
function taken for its neighbour. Left out is what changes a number's type alone, and
what no two values of a call differ in.
"""

from __future__ import annotations

import ast
import builtins
import itertools
from collections.abc import Iterator

New = ast.AST | list[ast.stmt]
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


def slips(node: ast.AST, parent: ast.AST, field: str) -> Iterator[New]:
    """All that may stand in the place of a node.

    Args:
        node: what stands there now.
        parent: what it hangs from.
        field: the field of ``parent`` that holds it, or the list that does.
    """
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, ast.Constant | ast.UnaryOp):
        yield from _constants(node, parent, field)
    elif isinstance(node, ast.BinOp):
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


def further(
    node: ast.AST, parent: ast.AST, field: str, kinds: dict[str, str]
) -> Iterator[New]:
    """More of them, of which there may be very many: tried where there is room.

    Args:
        node: what stands there now.
        parent: what it hangs from.
        field: the field of ``parent`` that holds it.
        kinds: of each parameter of the function that it stands in, its kind of value;
            a parameter is taken for another of the same kind.
    """
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not _text(node):
        yield node.left
        if isinstance(node.op, ast.Add | ast.Mult):
            yield node.right
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield ast.Subscript(node.value, ast.Constant(0), ast.Load())
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if getattr(parent, "attr", "").startswith(ALIKE):
            return
        kind = kinds.get(node.id)
        for other, its_kind in kinds.items():
            if kind and its_kind == kind and other != node.id:
                yield ast.Name(other, ast.Load())
    if field == "iter" and isinstance(node, ast.expr) and not _endless(node):
        rows = ast.Call(ast.Name("list", ast.Load()), [node], [])
        for part in (ast.Slice(None, ast.Constant(1)), ast.Slice(ast.Constant(1))):
            yield ast.Subscript(rows, part, ast.Load())


def _endless(iterated: ast.expr) -> bool:
    """Whether a loop is told of otherwise, or must not be made a list of."""
    return isinstance(iterated, ast.Call) and _called(iterated) in ("range", "count")


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


def _constants(node: ast.AST, parent: ast.AST, field: str) -> Iterator[New]:
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            if isinstance(node.operand.value, int | float):
                yield from map(_constant, _others(-node.operand.value))
        elif isinstance(node.op, ast.USub | ast.Not | ast.Invert):
            yield node.operand
        return
    assert isinstance(node, ast.Constant)
    if isinstance(parent, ast.UnaryOp) or field == "format_spec":
        return  # told with its sign
    word = parent.arg if isinstance(parent, ast.keyword) else ""
    nothing: int | None = None  # what leaves no trace: `further` drops the operand
    if isinstance(parent, ast.BinOp):
        nothing = 0 if isinstance(parent.op, ast.Add | ast.Sub) else 1
    if isinstance(node.value, bool):
        if word not in SAME:
            yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield from (_constant(x) for x in _others(node.value) if x != nothing)


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


def _text(node: ast.BinOp) -> bool:
    """Whether words are put together, or formatted."""
    kinds = (str, bytes)
    return isinstance(node.left, ast.JoinedStr) or isinstance(
        getattr(node.left, "value", None), kinds
    )


def _operations(node: ast.BinOp) -> Iterator[New]:
    other = OPERATORS.get(type(node.op))
    if other and not _text(node):
        yield ast.BinOp(node.left, other(), node.right)
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)


def _calls(node: ast.Call) -> Iterator[New]:
    name = _called(node)
    other = PAIRS.get(name)
    # What is whole already, int(x.sum()) say, stays the same: only its type changes.
    whole = name == "int" and not any(isinstance(x, ast.BinOp) for x in node.args)
    known = isinstance(node.func, ast.Attribute) or hasattr(builtins, other or "")
    if other and known and not whole:
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
    if name == "ceil" and node.args:  # which is the same but for whole numbers
        floor = ast.Call(_renamed(node.func, "floor"), node.args, [])
        yield ast.BinOp(floor, ast.Add(), ast.Constant(1))
    if name == "permutation" and node.args:
        yield node.args[0]
    if name == "randperm" and node.args:
        yield ast.Call(_renamed(node.func, "arange"), node.args[:1], [])
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
