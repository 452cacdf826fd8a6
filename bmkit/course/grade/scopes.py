"""What names stand for in a piece of code, for its normal form."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Collection, Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef)
SHORT = 150  # nodes of a value that may as well be written wherever it is used
# What is put wherever its name is used, if it is short; not a list, say, that is
# filled later.
REPEATED: tuple[type[ast.expr], ...]
REPEATED = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Attribute, ast.Subscript)
REPEATED += (ast.Name, ast.Constant)


class Scope:
    """What a module, function or class binds, those around it included.

    Attributes:
        bound: names; those of imports left out, which name what is there.
        once: the values of names that are set once here, and that are used once or
            are short.
        sizes: how many nodes the values of names in `once` have.
    """

    def __init__(self, node: ast.AST, outer: Scope | None = None) -> None:
        self.bound: set[str] = set(outer.bound) if outer else set()
        self.once: dict[str, ast.expr] = dict(outer.once) if outer else {}
        self.sizes: dict[str, int] = dict(outer.sizes) if outer else {}
        stored: Counter[str] = Counter()
        values: dict[str, ast.expr] = {}
        for one in _own(node):
            stored.update(_stored(one))
            for part in apart(one) if isinstance(one, ast.stmt) else ():
                values |= _assigned(part)
        self.bound |= stored.keys()
        self.sizes = {n: size for n, size in self.sizes.items() if n not in stored}
        self.once = {n: v for n, v in self.once.items() if n not in stored}
        used: Counter[str] = Counter()
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
                used[one.id] += 1
        later = set(values)
        # In the order of lines: a value's size is told by those of the names in it.
        for name, value in sorted(values.items(), key=lambda one: _place(one[1])):
            size = self._size(value, later)
            later.discard(name)
            short = size <= SHORT and isinstance(value, REPEATED)
            if stored[name] == 1 and (used[name] == 1 or (used[name] and short)):
                self.once[name], self.sizes[name] = value, size

    def _size(self, value: ast.expr, later: Collection[str]) -> int:
        """The nodes of a value, those of the names in it included, if it is short."""
        size = 0
        for part in itertools.islice(ast.walk(value), SHORT + 1):
            size += 1
            if isinstance(part, ast.Name):
                size += SHORT if part.id in later else self.sizes.get(part.id, 0)
        return size


def _place(value: ast.expr) -> tuple[int, int]:
    return value.lineno, value.col_offset


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, of those within it their own alone."""
    todo = list(ast.iter_child_nodes(scope))
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, SCOPES):
            todo += ast.iter_child_nodes(node)


def _stored(node: ast.AST) -> list[str]:
    """The names that a node binds; twice those that it binds elsewhere too."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, (*SCOPES, ast.ExceptHandler)):
        return [node.name] if node.name else []
    return node.names * 2 if isinstance(node, (ast.Global, ast.Nonlocal)) else []


def unbox(tree: ast.Module) -> None:
    """Make values that are kept in a dict, under fixed keys, names again."""
    boxes = {
        name
        for node in ast.walk(tree)
        for name, value in _assigned(node).items()
        if isinstance(value, ast.Dict) and not value.keys
    }

    def name(node: object) -> object:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            key, box = node.slice, node.value.id
            if box in boxes and isinstance(key, ast.Constant):
                new = ast.Name(f"{box}[{key.value!r}]", node.ctx)
                return ast.copy_location(new, node)
        return node

    for node in ast.walk(tree) if boxes else ():
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                value[:] = map(name, value)
            else:
                setattr(node, field, name(value))


def apart(node: ast.stmt) -> Iterator[ast.stmt]:
    """``a, b = x, y`` as ``a = x`` and ``b = y``; anything else as it is."""
    pairs = (ast.Tuple, ast.List)
    if isinstance(node, ast.Assign) and isinstance(node.value, pairs):
        into, values = node.targets[0], node.value.elts
        if isinstance(into, pairs) and len(node.targets) == 1:
            starred = any(isinstance(x, ast.Starred) for x in (*into.elts, *values))
            if len(into.elts) == len(values) and not starred:
                for target, value in zip(into.elts, values, strict=True):
                    yield from apart(ast.Assign([target], value))
                return
    yield node


def _assigned(node: ast.AST) -> dict[str, ast.expr]:
    """The value that an assignment gives to a single name."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign) and node.value:
        targets = [node.target]
    if len(targets) == 1 and isinstance(targets[0], ast.Name):
        assert isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value
        return {targets[0].id: node.value}
    return {}
