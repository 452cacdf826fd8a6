"""Disguises that regroup a copy's values: into names, out of them, on other lines."""

from __future__ import annotations

import ast
import copy
import itertools
import random

from tests.benchmarks.syntax import (
    COMPREHENSIONS,
    FUNCTIONS,
    Replace,
    bodies,
    evaluated,
    independent,
    repeatable,
    stored,
)

STRAY = ["x = (", "%matplotlib inline", "this is mine", "x = ]", "y = 'it"]
STRAY += ["z = [1, 2", "1x = 2"]
HEADERS = ["else:", "try:", "def more(a, b", "for i in range(3)", "if x:"]


def paired(code: str, rng: random.Random) -> str:
    """Two neighbouring assignments become one of two values."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for n in reversed(range(len(body) - 1)):
            one, other = body[n : n + 2]
            if not (isinstance(one, ast.Assign) and isinstance(other, ast.Assign)):
                continue
            one_each = len(one.targets) == len(other.targets) == 1
            if one_each and independent(one, other):
                into = ast.Tuple([*one.targets, *other.targets], ast.Store())
                values = ast.Tuple([one.value, other.value], ast.Load())
                body[n : n + 2] = [ast.Assign([into], values)]
    return ast.unparse(ast.fix_missing_locations(tree))


def unpaired(code: str, rng: random.Random) -> str:
    """An assignment of several values becomes several, where none needs another."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for n in reversed(range(len(body))):
            one = body[n]
            if not isinstance(one, ast.Assign) or len(one.targets) > 1:
                continue
            into, values = one.targets[0], one.value
            if not (isinstance(into, ast.Tuple) and isinstance(values, ast.Tuple)):
                continue
            single: list[ast.stmt]
            single = [
                ast.Assign([target], value)
                for target, value in zip(into.elts, values.elts, strict=True)
            ]
            pairs = itertools.combinations(single, 2)
            if all(independent(first, second) for first, second in pairs):
                body[n : n + 1] = single
    return ast.unparse(ast.fix_missing_locations(tree))


def multiplied(code: str, rng: random.Random) -> str:
    """Squares and cubes of names are products; products of equal names are powers."""

    class Power(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            left, right = node.left, node.right
            if not isinstance(left, ast.Name):
                return node
            if isinstance(node.op, ast.Pow) and isinstance(right, ast.Constant):
                square = ast.BinOp(left, ast.Mult(), left)
                if right.value == 2:
                    return square
                if right.value == 3:
                    return ast.BinOp(square, ast.Mult(), left)
            elif isinstance(node.op, ast.Mult) and ast.dump(left) == ast.dump(right):
                return ast.BinOp(left, ast.Pow(), ast.Constant(2))
            return node

    return ast.unparse(ast.fix_missing_locations(Power().visit(ast.parse(code))))


def inlined(code: str, rng: random.Random) -> str:
    """Names go: their values stand wherever they were used."""
    tree = ast.parse(code)
    for function in [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]:
        for one in [*function.body]:
            if not isinstance(one, ast.Assign) or len(one.targets) > 1:
                continue
            target = one.targets[0]
            if isinstance(target, ast.Name) and repeatable(one.value, tree, target.id):
                function.body.remove(one)
                _Put({target.id: one.value}).visit(function)
    return ast.unparse(ast.fix_missing_locations(tree))


def factored(code: str, rng: random.Random) -> str:
    """What stands twice in the lines of a function gets a name."""
    tree = ast.parse(code)
    for function in [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]:
        for _ in range(4):
            seen: dict[str, tuple[int, ast.expr]] = {}
            for n, one in enumerate(function.body):
                if not isinstance(one, (ast.Assign, ast.Return)) or not one.value:
                    continue
                parts = [x for x in evaluated(one.value) if isinstance(x, ast.BinOp)]
                twice = [x for x in parts if ast.dump(x) in seen]
                twice = [x for x in twice if repeatable(x, tree)]
                if twice:
                    first, part = seen[ast.dump(twice[0])]
                    name = f"common_{rng.randrange(999)}"
                    whole = ast.dump(part)
                    for line in function.body[first:]:
                        if isinstance(line, (ast.Assign, ast.Return)) and line.value:
                            for x in [*evaluated(line.value)]:
                                if ast.dump(x) == whole:
                                    new = ast.Name(name, ast.Load())
                                    Replace(x, new).visit(line)
                    made = ast.Assign([ast.Name(name, ast.Store())], part)
                    function.body.insert(first, made)
                    break
                seen |= {ast.dump(x): (n, x) for x in parts}
    return ast.unparse(ast.fix_missing_locations(tree))


def in_a_dict(code: str, rng: random.Random) -> str:
    """A function keeps its values in a dict."""
    tree = ast.parse(code)
    for function in [node for node in tree.body if isinstance(node, FUNCTIONS)]:
        walked = [node for node in ast.walk(function) if node is not function]
        if any(isinstance(node, (*FUNCTIONS, ast.NamedExpr)) for node in walked):
            continue
        apart = [x for x in walked if isinstance(x, (*COMPREHENSIONS, ast.arg))]
        names = set(stored(function)) - {n for x in apart for n in stored(x)}
        box = ast.Name("kept", ast.Load())
        boxes: dict[str, ast.expr] = {
            n: ast.Subscript(box, ast.Constant(n), ast.Load()) for n in names
        }
        function.body = [_Put(boxes).visit(line) for line in function.body]
        function.body.insert(0, ast.parse("kept = {}").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def one_stray_line(code: str, rng: random.Random) -> str:
    """A line that is not Python at the end; no longer a program."""
    return f"{code}\n{rng.choice(STRAY + HEADERS)}\n"


def stray_lines(code: str, rng: random.Random) -> str:
    """Lines that are not Python wherever a line may stand; no longer a program."""
    rows = []
    for row in ast.unparse(ast.parse(code)).split("\n"):
        if rng.random() < 0.2:
            indent = row[: len(row) - len(row.lstrip())]
            rows.append(rng.choice(["", indent]) + rng.choice(STRAY))
        rows.append(row)
    return one_stray_line("\n".join(rows), rng)


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.values:
            return node
        value = copy.deepcopy(self.values[node.id])
        if isinstance(value, ast.Subscript):
            value.ctx = node.ctx
        return value
