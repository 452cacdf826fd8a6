"""Code in a normal form: rows of tokens that a disguise does not change.

The tokens are the syntax tree's, a row for each statement, so that neither layout nor
the order of statements counts. Left out: comments, docstrings, annotations, the texts
of strings, and where a value goes (``y = f(x)`` is ``return f(x)``). The same for all:
names that the answer itself binds. The same whichever way round: sums, products and
comparisons. A value with a name stands wherever the name is used, if the name is set
once and the value short or used once; so does what a dict keeps under a fixed key.
``a += b`` is ``a = a + b``, ``a, b = x, y`` two assignments, ``x * x`` is ``x**2``,
``np.exp`` is ``exp``, a comprehension is a loop. Before each statement in a loop or
under a condition stands the end of that. Lines that do not parse are rows of their own.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from bmkit.course.grade.mending import mended
from bmkit.course.grade.scopes import FUNCTIONS, SCOPES, Scope, apart, unbox

LONGEST = 20_000  # characters of an answer that is worth a syntax tree
CONTEXT = 4  # tokens of a loop or condition, before each statement that is in it
DEEPEST = 100  # expressions within one another; a deeper one is cut off there
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
MOST = 20_000  # names that values are put in the place of
POWERS = (2, 3, 4)  # exponents that may as well be written as products
BINDS = "·"  # a name of the answer's own


def form(code: str) -> str:
    """A digest of code in its normal form."""
    text = json.dumps(sorted(row for row in rows(code) if row))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def rows(code: str) -> list[list[str]]:
    """The normalised tokens of each statement; of what is no Python, of each line."""
    tree, strange = mended(code[:LONGEST])
    bare = [line.partition("#")[0] for line in strange]
    found = [re.findall(r"\w+|[^\w\s]", line) for line in bare]
    return found if tree is None else [*_Normal(tree).rows, *found]


class _Normal:
    """Statements to rows of tokens."""

    def __init__(self, tree: ast.Module) -> None:
        self.rows: list[list[str]] = []
        self.left = MOST
        unbox(tree)
        self.scope = outer = Scope(tree)
        todo: list[tuple[list[str], Scope, ast.stmt]]
        todo = [([], outer, part) for one in tree.body for part in apart(one)]
        while todo:  # not recursive: statements may nest as deep as the parser lets
            before, self.scope, statement = todo.pop()
            if row := self._statement(statement):
                self.rows.append([*before, *row])
            inside, scope = row[-CONTEXT:], self.scope
            if isinstance(statement, SCOPES):
                inside, scope = [], Scope(statement, self.scope)
            inner = [part for one in _inner(statement) for part in apart(one)]
            todo += [(inside, scope, one) for one in inner]

    def _statement(self, node: ast.stmt) -> list[str]:
        """What a statement does itself; what stands in its blocks are other rows."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return []  # a docstring, or a value of no use
        if isinstance(node, ast.AugAssign):
            value = ast.BinOp(node.target, node.op, node.value)
            return [*self._target(node.target), *self._tokens(value)]
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            if self._stands_elsewhere(node):
                return []
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            row = [token for target in targets for token in self._target(target)]
            return [*row, *self._tokens(node.value)]
        if isinstance(node, ast.Expr) and (added := _appended(node.value)):
            return self._all(added)
        head = [] if isinstance(node, (ast.Expr, ast.Return)) else [type(node).__name__]
        if isinstance(node, (ast.For, ast.AsyncFor)):
            return ["For", *self._tokens(node.iter)]
        if isinstance(node, (ast.If, ast.While)):
            return [*head, *self._tokens(_positive(node.test))]
        if isinstance(node, FUNCTIONS):
            given = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            return [*head, *self._all([*node.decorator_list, *given])]
        parts = [x for x in ast.iter_child_nodes(node) if isinstance(x, ast.expr)]
        if isinstance(node, (ast.With, ast.AsyncWith)):
            parts = [item.context_expr for item in node.items]
        return [*head, *self._all(parts)]

    def _stands_elsewhere(self, node: ast.Assign | ast.AnnAssign) -> bool:
        """Whether what is assigned is told where it is used."""
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return isinstance(target, ast.Name) and target.id in self.scope.once

    def _target(self, node: ast.expr) -> list[str]:
        """Where a value goes, unless that is a mere name or some of them."""
        parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
        return self._all([part for part in parts if not isinstance(part, ast.Name)])

    def _all(self, nodes: Iterable[ast.AST], depth: int = 0) -> list[str]:
        return [token for node in nodes for token in self._tokens(node, depth)]

    def _tokens(self, node: ast.AST | None, depth: int = 0) -> list[str]:
        """An expression in its normal form."""
        depth += 1
        if node is None or isinstance(node, ast.expr_context) or depth > DEEPEST:
            return []
        if isinstance(node, ast.Name):
            if value := self._value(node):
                return self._tokens(value, depth)
            return [BINDS if node.id in self.scope.bound else node.id]
        if isinstance(node, ast.Constant):
            return [_constant(node.value)]
        if isinstance(node, ast.JoinedStr):
            return ["str"]
        if isinstance(node, ast.Attribute):
            if (
                isinstance(node.value, ast.Name)
                and node.value.id not in self.scope.bound
            ):
                return [node.attr]  # of a module, whatever it is imported as
            return [".", *self._tokens(node.value, depth), node.attr]
        if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
            return [type(node.op).__name__ + _constant(node.operand.value)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Pow)):
            return self._product(node, depth)
        if isinstance(node, ast.BinOp):
            sides = [self._tokens(x, depth) for x in (node.left, node.right)]
            if isinstance(node.op, ast.Add):
                sides.sort()
            return [type(node.op).__name__, *sides[0], *sides[1]]
        if isinstance(node, ast.Compare):
            sides = [self._tokens(x, depth) for x in (node.left, *node.comparators)]
            kinds = sorted({_comparison(op) for op in node.ops})
            return [*kinds, *(token for side in sorted(sides) for token in side)]
        if isinstance(node, ast.keyword):
            return [f"{node.arg}=", *self._tokens(node.value, depth)]
        if isinstance(node, ast.Lambda):
            return ["Lambda", *self._tokens(node.body, depth)]
        if isinstance(node, COMPREHENSIONS):
            for loop in node.generators:
                self.rows.append(["For", *self._tokens(loop.iter, depth)])
                for test in loop.ifs:
                    self.rows.append(["If", *self._tokens(_positive(test), depth)])
            made = (
                [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            )
            return self._all(made, depth)
        head = [type(node).__name__]
        if isinstance(node, ast.Tuple):
            head = []
        return [*head, *self._all(ast.iter_child_nodes(node), depth)]

    def _value(self, node: ast.expr) -> ast.expr | None:
        """The value that stands where a name is used; None for another expression."""
        if not isinstance(node, ast.Name) or node.id not in self.scope.once:
            return None
        self.left -= 1
        return self.scope.once[node.id] if self.left > 0 else None

    def _product(self, node: ast.BinOp, depth: int) -> list[str]:
        """A product or power: its factors in order, equal ones as a power."""
        factors = self._factors(node, depth)
        powers = [
            list(one) if times == 1 else ["Pow", *one, _constant(times)]
            for one, times in factors.items()
        ]
        signs = ["Mult"] * (len(powers) - 1)
        return signs + [token for power in sorted(powers) for token in power]

    def _factors(self, node: ast.expr, depth: int) -> Counter[tuple[str, ...]]:
        """The tokens of each factor, and how often it is one."""
        if depth > DEEPEST:
            return Counter()
        if value := self._value(node):
            return self._factors(value, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            sides = [self._factors(x, depth + 1) for x in (node.left, node.right)]
            return sides[0] + sides[1]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            base, exponent = node.left, node.right
            if isinstance(exponent, ast.Constant) and exponent.value in POWERS:
                factors = self._factors(base, depth + 1)
                return Counter({x: n * exponent.value for x, n in factors.items()})
            sides_of = [self._tokens(x, depth) for x in (base, exponent)]
            return Counter([("Pow", *sides_of[0], *sides_of[1])])
        return Counter([tuple(self._tokens(node, depth))])


def _inner(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements in a statement's blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from _inner(child)


def _appended(node: ast.expr) -> list[ast.expr]:
    """What ``list.append(value)`` appends; nothing if it is another expression."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.args if node.func.attr == "append" else []
    return []


def _positive(test: ast.expr) -> ast.expr:
    """A condition without its negations: branches may be the other way round."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    return test


def _comparison(op: ast.cmpop) -> str:
    """The same for a comparison, its negation and its mirror image."""
    kinds = {ast.Eq: "==", ast.NotEq: "==", ast.Is: "is", ast.IsNot: "is"}
    return kinds.get(type(op), "in" if isinstance(op, (ast.In, ast.NotIn)) else "<")


def _constant(value: object) -> str:
    if isinstance(value, (str, bytes)):
        return "str"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        value = float(value)
    return repr(value) if not isinstance(value, int) or isinstance(value, bool) else "N"
