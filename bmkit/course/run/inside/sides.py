"""The two sides of an equation in its cell: the comparison, and what feeds each side.

`bm.equation(label, left, right)` compares two arguments. A statement of the cell that
feeds one of them alone belongs to that side; one that feeds both sets them up: it
chooses the numbers, and the formula must hold for others too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# The call, and how many arguments it has that are no keywords.
FORMS = {"bm.equation": 3, "bm.inequality": 3}


def comparisons(tree: ast.AST, label: str) -> list[ast.Call]:
    """The calls in a cell that compare the two sides of this equation."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and FORMS.get(ast.unparse(node.func)) == len(node.args)
        and getattr(node.args[0], "value", None) == label
    ]


def sides(tree: ast.Module, label: str) -> list[ast.AST]:
    """The sides themselves, then the statements that feed one of them, the last first.

    Where a cell compares several times, what feeds two different sides is set-up.
    """
    calls = comparisons(tree, label)
    inner: list[ast.AST] = [side for call in calls for side in call.args[1:3]]
    rest = [word.value for call in calls for word in call.keywords]
    needs = [_read(node) for node in (*inner, *rest)]  # from the statements above
    feeding: list[ast.AST] = []
    for statement in reversed(tree.body):
        if any(call in ast.walk(statement) for call in calls):
            continue
        changed, read = _changed(statement), _read(statement)
        fed = [number for number, needed in enumerate(needs) if needed & changed]
        if len(fed) == 1 and fed[0] < len(inner):
            feeding.append(statement)
        for number in fed:
            needs[number] |= read
    return [*inner, *feeding]


def _read(node: ast.AST) -> set[str]:
    """The names that a piece of code takes from around it."""
    own = set()
    for one in ast.walk(node):
        if isinstance(one, ast.comprehension):
            own |= {name.id for name in _names(one.target)}
        elif isinstance(one, ast.arg):
            own.add(one.arg)
    read = {name.id for name in _names(node) if isinstance(name.ctx, ast.Load)}
    return read - own


def _changed(statement: ast.stmt) -> set[str]:
    """The names that a statement binds, or whose values it may change in place."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign | ast.Delete):
            found |= _stored(*node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For):
            found |= _stored(node.target)
        elif isinstance(node, ast.NamedExpr):
            found.add(node.target.id)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            found |= _stored(node.optional_vars)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found |= _read(node.value.func)  # ways.append(…)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return found


def _stored(*targets: ast.expr) -> set[str]:
    """The names that are bound, or whose entries are: ``z`` of ``z[i] = …``."""
    found = set()
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Subscript | ast.Attribute):
                found |= {name.id for name in _names(node.value)}
    return found


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Name))
