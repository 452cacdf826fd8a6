"""What the disguises need to know of a syntax tree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)
# What has the same value wherever it stands, if its names and functions have.
PLAIN: tuple[type[ast.AST], ...] = (
    ast.Name,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.Attribute,
    ast.Call,
)
PLAIN += (ast.Subscript, ast.Slice, ast.Tuple, ast.keyword, ast.expr_context)
PLAIN += (ast.operator, ast.unaryop)
ONE_WAY = {"iter", "zip", "map", "filter", "reversed", "enumerate", "next", "open"}
CHANGING = {"append", "extend", "pop", "add", "update", "sort", "insert", "remove"}
CHANGING |= {"backward", "popleft", "appendleft", "clear", "setdefault", "step"}


class Replace(ast.NodeTransformer):
    """Puts one expression in another's place."""

    def __init__(self, old: ast.AST, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else super().visit(node)


def evaluated(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression that are evaluated once, whatever comes out."""
    lazy: tuple[type[ast.expr], ...] = (
        ast.Lambda,
        ast.IfExp,
        ast.BoolOp,
        ast.ListComp,
        ast.GeneratorExp,
    )
    lazy += (ast.SetComp, ast.DictComp, ast.NamedExpr)
    if isinstance(node, lazy):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword):
            child = child.value
        if isinstance(child, ast.expr):
            yield from evaluated(child)


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            for inner in ast.walk(node):
                for field in ("body", "orelse"):
                    found = getattr(inner, field, None)
                    if isinstance(found, list) and found:
                        yield found


def independent(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether two statements may change places, as far as names tell."""
    simple = (ast.Assign, ast.AnnAssign)
    if not isinstance(one, simple) or not isinstance(other, simple):
        return False
    names = []
    for statement in (one, other):
        walked = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        stored = {node.id for node in walked if isinstance(node.ctx, ast.Store)}
        used = {node.id for node in walked}
        plain = all(isinstance(t, ast.Name) for t in _targets(statement))
        names.append((stored, used, plain))
    (made, all_one, plain_one), (made_too, all_other, plain_other) = names
    apart = not made & all_other and not made_too & all_one
    return apart and plain_one and plain_other


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.AnnAssign):
        return [statement.target]
    assert isinstance(statement, ast.Assign)
    flat: list[ast.expr] = []
    for target in statement.targets:
        flat += target.elts if isinstance(target, ast.Tuple) else [target]
    return flat


def stored(node: ast.AST) -> list[str]:
    """Each name that is bound in a piece of code, as often as it is."""
    names = [x.id for x in ast.walk(node) if _is_store(x) and isinstance(x, ast.Name)]
    return names + [x.arg for x in ast.walk(node) if isinstance(x, ast.arg)]


def _is_store(node: ast.AST) -> bool:
    return not isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def repeatable(value: ast.expr, tree: ast.AST, name: str = "") -> bool:
    """Whether an expression, or its name, has one value all through the code."""
    if not all(isinstance(part, PLAIN) for part in ast.walk(value)):
        return False
    names = {x.id for x in ast.walk(value) if isinstance(x, ast.Name)} | {name}
    counts = Counter(stored(tree))
    if any(counts[one] > 1 for one in names) or names & ONE_WAY:
        return False
    for part in ast.walk(value):
        if isinstance(part, ast.Attribute) and "rand" in part.attr:
            return False
    changed = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        or (isinstance(node, (ast.Subscript, ast.Attribute)) and _is_store(node))
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            changed += [node.func.value] * (name in CHANGING or name.endswith("_"))
    touched = [x for one in changed for x in ast.walk(one)]
    return not names & {x.id for x in touched if isinstance(x, ast.Name)}
