"""What is left of a piece of code when its clothes are off: winnowed k-grams.

As MOSS does (Schleimer, Wilkerson, Aiken: Winnowing, 2003): code becomes normalised
tokens, every `K` tokens in a row are hashed, and of every `WINDOW` hashes in a row the
smallest is kept. What two answers share of at least ``K + WINDOW - 1`` tokens in a row
is then always seen, what is shorter than `K` never.

The tokens are the syntax tree's, a row for each statement, so that neither layout nor
the order of statements counts. Left out: comments, docstrings, annotations, the texts
of strings, and where a value goes (``y = f(x)`` is ``return f(x)``). The same for all:
names that the answer itself binds. The same whichever way round: sums, products and
comparisons. A value that is used once stands where it is used. ``a += b`` is
``a = a + b``, ``np.exp`` is ``exp``, a comprehension is a loop.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from zlib import crc32

from bmkit.course import parsing

K = 5
WINDOW = 2
LONGEST = 200_000  # characters of an answer that is worth a syntax tree
DEEPEST = 100  # expressions within one another; a deeper one is cut off there
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
COMMUTATIVE = (ast.Add, ast.Mult)
BINDS = "·"  # a name of the answer's own


def fingerprints(code: str) -> frozenset[int]:
    """The winnowed k-grams of code, of whatever kind it is."""
    return frozenset(one for row in rows(code) for one in winnow(row))


def winnow(tokens: list[str]) -> set[int]:
    """The smallest hash of each window of k-grams."""
    grams = [
        crc32(" ".join(tokens[start : start + K]).encode("utf-8", "backslashreplace"))
        for start in range(len(tokens) - K + 1)
    ]
    starts = range(max(1, len(grams) - WINDOW + 1))
    return {min(grams[start : start + WINDOW]) for start in starts} if grams else set()


def rows(code: str) -> list[list[str]]:
    """The normalised tokens of each statement; of strange code, of each line."""
    if len(code) <= LONGEST:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it says of a learner's escapes
                return _Normal(parsing.parse(code)).rows
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    bare = re.sub(r"#[^\n]*", "", code[:LONGEST])
    return [re.findall(r"\w+|[^\w\s]", line) for line in bare.splitlines()]


class _Normal:
    """Statements to rows of tokens."""

    def __init__(self, tree: ast.Module) -> None:
        self.rows: list[list[str]] = []
        self.bound = set(_bound(tree))
        self.once = _used_once(tree)
        todo: list[tuple[list[str], ast.stmt]] = [([], one) for one in tree.body]
        while todo:  # not recursive: statements may nest as deep as the parser lets
            before, statement = todo.pop()
            if row := self._statement(statement):
                self.rows.append([*before, *row])
            # A short statement says little without the loop or condition it stands in.
            scope = isinstance(statement, (*FUNCTIONS, ast.ClassDef))
            inside = [] if scope else row[1 - K :]
            todo += [(inside, one) for one in _inner(statement)]

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
        return isinstance(target, ast.Name) and target.id in self.once

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
            if node.id in self.once:
                return self._tokens(self.once[node.id], depth)
            return [BINDS if node.id in self.bound else node.id]
        if isinstance(node, ast.Constant):
            return [_constant(node.value)]
        if isinstance(node, ast.JoinedStr):
            return ["str"]
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id not in self.bound:
                return [node.attr]  # of a module, whatever it is imported as
            return [".", *self._tokens(node.value, depth), node.attr]
        if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
            return [type(node.op).__name__ + _constant(node.operand.value)]
        if isinstance(node, ast.BinOp):
            sides = [self._tokens(x, depth) for x in (node.left, node.right)]
            if isinstance(node.op, COMMUTATIVE):
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


def _inner(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements in a statement's blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from _inner(child)


def _bound(tree: ast.AST) -> Iterator[str]:
    """The names that code binds, those of imports left out: they name what is there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
            yield from filter(None, [node.name])


def _used_once(tree: ast.AST) -> dict[str, ast.expr]:
    """The values of names that are set once and used once."""
    stored: Counter[str] = Counter()
    used: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else stored)[node.id] += 1
        elif isinstance(node, ast.arg):
            stored[node.arg] += 1
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            if isinstance(node.targets[0], ast.Name):
                values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and node.value:
            if isinstance(node.target, ast.Name):
                values[node.target.id] = node.value
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            stored.update(dict.fromkeys(node.names, 2))
    return {
        name: value for name, value in values.items() if stored[name] == used[name] == 1
    }


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
