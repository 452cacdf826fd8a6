"""Ways in which a copied answer is made to look like another; each changes no result.

Every one takes a program's text and gives another program's text, which does the same.
"""

from __future__ import annotations

import ast
import builtins
import random
import re
from collections.abc import Callable

from tests.benchmarks import regrouped
from tests.benchmarks.syntax import (
    FUNCTIONS,
    Replace,
    bodies,
    evaluated,
    independent,
)

Disguise = Callable[[str, random.Random], str]


def renamed(code: str, rng: random.Random) -> str:
    """Every variable and argument gets another name."""
    tree = ast.parse(code)
    names = sorted(_bound(tree))
    new = [f"{rng.choice('abcdefgh')}{rng.randrange(1000)}_{n}" for n in range(99)]
    table = dict(zip(names, new, strict=False))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = table.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = table.get(node.arg, node.arg)
        elif isinstance(node, FUNCTIONS):
            node.name = table.get(node.name, node.name)
    return ast.unparse(tree)


def reformatted(code: str, rng: random.Random) -> str:
    """Other line breaks, brackets and blanks; statements of one block on one line."""
    tree = ast.parse(code)
    text = ast.unparse(tree)
    rows = []
    for row in text.split("\n"):
        indent = len(row) - len(row.lstrip())
        simple = not row.rstrip().endswith(":") and row.strip()
        one_line = rows and simple and rng.random() < 0.5
        before = rows[-1] if rows else ""
        same = len(before) - len(before.lstrip()) == indent and before.strip()
        if one_line and same and not before.rstrip().endswith(":"):
            rows[-1] += f" ;  {row.strip()}"
        else:
            rows.append("  " * (indent // 2) + row.strip().replace(", ", " ,"))
    return "\n".join(rows)


def commented(code: str, rng: random.Random) -> str:
    """Comments, blank lines and another docstring."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
            said = f"My own work, number {rng.randrange(1000)}."
            node.body.insert(0, ast.Expr(ast.Constant(said)))
    rows = []
    for row in ast.unparse(ast.fix_missing_locations(tree)).split("\n"):
        indent = row[: len(row) - len(row.lstrip())]
        rows += [f"{indent}# then I do this {rng.randrange(100)}"] * rng.randrange(2)
        rows += [row + "  # so" * rng.randrange(2), *[""] * rng.randrange(2)]
    return "\n".join(rows)


def reordered(code: str, rng: random.Random) -> str:
    """Neighbouring statements that do not depend on each other change places."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for _ in range(3):
            for n in range(len(body) - 1):
                if independent(body[n], body[n + 1]) and rng.random() < 0.7:
                    body[n], body[n + 1] = body[n + 1], body[n]
    return ast.unparse(tree)


def annotated(code: str, rng: random.Random) -> str:
    """Types for arguments and variables."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            for arg in node.args.args:
                arg.annotation = ast.Name(rng.choice(["int", "object", "float"]))
    for body in bodies(tree):
        for n, one in enumerate(body):
            if isinstance(one, ast.Assign) and len(one.targets) == 1:
                target, kind = one.targets[0], ast.Name("object")
                if isinstance(target, ast.Name):
                    body[n] = ast.AnnAssign(target, kind, one.value, 1)
    return ast.unparse(ast.fix_missing_locations(tree))


def padded(code: str, rng: random.Random) -> str:
    """Statements of no use in between."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for n in reversed(range(len(body))):
            if rng.random() < 0.4 and not isinstance(body[n], ast.Nonlocal):
                idle = f"spare_{rng.randrange(99)} = {rng.randrange(99)} + 1"
                body.insert(n, ast.parse(idle).body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def mirrored(code: str, rng: random.Random) -> str:
    """Sums, products and comparisons the other way round, ``+=`` written out."""

    class Mirror(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            if isinstance(node.op, (ast.Add, ast.Mult)) and _number(node):
                node.left, node.right = node.right, node.left
            return node

        def visit_Compare(self, node: ast.Compare) -> ast.AST:
            self.generic_visit(node)
            other = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
            other |= {ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}
            if len(node.ops) == 1 and type(node.ops[0]) in other:
                node.left, node.comparators = node.comparators[0], [node.left]
                node.ops = [other[type(node.ops[0])]()]
            return node

        def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
            if not isinstance(node.target, ast.Name) or not _number(node):
                return node
            left = ast.Name(node.target.id, ast.Load())
            return ast.Assign([node.target], ast.BinOp(left, node.op, node.value))

    return ast.unparse(ast.fix_missing_locations(Mirror().visit(ast.parse(code))))


def named_first(code: str, rng: random.Random) -> str:
    """What is returned gets a name first."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for n in reversed(range(len(body))):
            one = body[n]
            if isinstance(one, ast.Return) and one.value is not None:
                name = f"answer_{rng.randrange(99)}"
                body[n] = ast.Return(ast.Name(name, ast.Load()))
                body.insert(n, ast.Assign([ast.Name(name, ast.Store())], one.value))
    return ast.unparse(ast.fix_missing_locations(tree))


def branches_swapped(code: str, rng: random.Random) -> str:
    """``if … else`` the other way round."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.orelse:
            node.test = ast.UnaryOp(ast.Not(), node.test)
            node.body, node.orelse = node.orelse, node.body
    return ast.unparse(ast.fix_missing_locations(tree))


def helped(code: str, rng: random.Random) -> str:
    """All of it moves into a helper, which the function calls."""
    tree = ast.parse(code)
    outer = next((node for node in tree.body if isinstance(node, FUNCTIONS)), None)
    if outer is None:  # a class, say
        return code
    inner = ast.parse(ast.unparse(outer)).body[0]
    assert isinstance(inner, FUNCTIONS)
    inner.name = f"helper_{rng.randrange(99)}"
    names = [arg.arg for arg in outer.args.args]
    call = f"return {inner.name}({', '.join(names)})"
    outer.body = ast.parse(call).body  # type: ignore[assignment]
    tree.body.insert(tree.body.index(outer), inner)
    return ast.unparse(ast.fix_missing_locations(tree))


def aliased(code: str, rng: random.Random) -> str:
    """Modules under other names."""
    used = [name for name in ("torch", "np", "math", "F") if f"{name}." in code]
    for name in used:
        code = re.sub(rf"\b{name}\.", f"my_{name}.", code)
    whole = {"np": "numpy", "F": "torch.nn.functional"}
    heads = [f"import {whole.get(name, name)} as my_{name}" for name in used]
    return "\n".join([*heads, code])


def split(code: str, rng: random.Random) -> str:
    """Parts of long expressions get names of their own, in lines before."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for n in reversed(range(len(body))):
            one = body[n]
            if not isinstance(one, (ast.Assign, ast.Return)) or one.value is None:
                continue
            parts = [x for x in evaluated(one.value) if isinstance(x, ast.BinOp)]
            parts += [x for x in evaluated(one.value) if isinstance(x, ast.Call)]
            if len(parts) < 2:
                continue
            part = rng.choice([x for x in parts if x is not one.value])
            name = f"part_{rng.randrange(999)}"
            first = ast.Assign([ast.Name(name, ast.Store())], part)
            rest = Replace(part, ast.Name(name, ast.Load())).visit(one)
            body[n : n + 1] = [first, rest]
    return ast.unparse(ast.fix_missing_locations(tree))


def looped(code: str, rng: random.Random) -> str:
    """Lists made by a comprehension are made by a loop."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for n in reversed(range(len(body))):
            one = body[n]
            if not isinstance(one, ast.Assign) or not isinstance(
                one.value, ast.ListComp
            ):
                continue
            (target, *others), made = one.targets, one.value
            if others or not isinstance(target, ast.Name) or len(made.generators) > 1:
                continue
            uses = {x.id for x in ast.walk(made) if isinstance(x, ast.Name)}
            if target.id in uses:
                continue
            (one_loop,) = made.generators
            add = ast.parse(f"{target.id}.append(0)").body[0]
            add.value.args = [made.elt]  # type: ignore[attr-defined]
            inner: list[ast.stmt] = [add]
            for test in one_loop.ifs:
                inner = [ast.If(test, inner, [])]
            loop = ast.For(one_loop.target, one_loop.iter, inner, [])
            body[n : n + 1] = [ast.parse(f"{target.id} = []").body[0], loop]
    return ast.unparse(ast.fix_missing_locations(tree))


def everything(code: str, rng: random.Random) -> str:
    """All of the above, one after the other."""
    for disguise in (
        *(looped, split, reordered, mirrored, branches_swapped, named_first, padded),
        *(annotated, renamed, aliased, commented),
    ):
        code = disguise(code, rng)
    return code


DISGUISES: dict[str, Disguise] = {
    "unchanged": lambda code, _rng: code,
    "renamed": renamed,
    "reformatted": reformatted,
    "commented": commented,
    "reordered": reordered,
    "annotated": annotated,
    "padded": padded,
    "mirrored": mirrored,
    "named first": named_first,
    "branches swapped": branches_swapped,
    "split": split,
    "looped": looped,
    "helped": helped,
    "aliased": aliased,
    "paired": regrouped.paired,
    "unpaired": regrouped.unpaired,
    "multiplied": regrouped.multiplied,
    "inlined": regrouped.inlined,
    "factored": regrouped.factored,
    "in a dict": regrouped.in_a_dict,
    "everything": everything,
}
BROKEN: dict[str, Disguise] = {
    "one stray line": regrouped.one_stray_line,
    "stray lines": regrouped.stray_lines,
}


def _bound(tree: ast.Module) -> set[str]:
    """Names that may be changed: what functions bind themselves, imports left out."""
    outer = {node.name for node in tree.body if isinstance(node, FUNCTIONS)}
    bound: set[str] = set()
    keywords: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, FUNCTIONS):
            bound.add(node.name)
        elif isinstance(node, ast.keyword) and node.arg:
            keywords.add(node.arg)  # perhaps an argument of a function of ours
    return bound - outer - keywords - set(dir(builtins))


def _number(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether it is certainly no sum of lists or texts: that has an order."""
    kinds = (ast.List, ast.ListComp, ast.Tuple, ast.JoinedStr)
    for part in ast.walk(node):
        if isinstance(part, kinds):
            return False
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return False
        if isinstance(part, ast.Call) and getattr(part.func, "id", "") == "list":
            return False
    return True
