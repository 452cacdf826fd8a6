"""Which names a learner's cell gives a value, however it is written.

A function may be a ``def``, a lambda, a class, imported, decorated, in an ``if`` or a
``try``, under a magic command. What cannot be told from the text is said to be unclear.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import lru_cache

from bmkit.course.grade.mending import mended
from bmkit.lab.cell_magics import loses

LONGEST = 20_000  # characters of a cell that is looked at
SURE, LIKELY, VALUE = 3, 2, 1  # how surely what a name is given can be called
# By these a cell may give any name a value.
BY_STRING = re.compile(
    r"^[ \t]*%(run|load|macro|store)\b"
    r"|\b(exec|globals|locals|setattr|vars|get_ipython|__main__|builtins)\b"
    r"|\b(sys\.modules|f_globals|user_ns)\b",
    re.MULTILINE,
)
DEFINED = re.compile(r"\s*(?:async\s+)?(?:def|class)\s+(\w+)")
# What such an expression gives cannot be called.
VALUES = (
    *(ast.Constant, ast.JoinedStr, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.GeneratorExp),
    *(ast.ListComp, ast.SetComp, ast.DictComp),
)


@dataclass
class Bindings:
    """The names that a cell binds outside its functions.

    Attributes:
        names: each name, and how surely it can be called then.
        unclear: whether it may bind others too.
    """

    names: dict[str, int] = field(default_factory=dict)
    unclear: bool = False

    def add(self, name: str, kind: int) -> None:
        """Note that a name is bound; the surest kind counts."""
        self.names[name] = max(kind, self.names.get(name, 0))


@lru_cache(maxsize=4096)
def bindings(source: str) -> Bindings:
    """The names that a code cell binds."""
    if len(source) > LONGEST:
        return Bindings(unclear=True)
    found = Bindings(unclear=BY_STRING.search(source) is not None)
    if loses(source):
        return found  # another language, or a file
    tree, replaced = mended(source)
    found.unclear |= tree is None
    try:
        for statement in tree.body if tree else ():
            _statement(statement, found)
    except RecursionError:  # nested as no person nests
        found.unclear = True
    for line in replaced:
        if header := DEFINED.match(line):
            found.names.pop("broken", None)  # what `mended` calls it
            found.add(header[1], SURE)
    return found


def _statement(one: ast.stmt, found: Bindings) -> None:
    if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        found.add(one.name, SURE)
        return
    if isinstance(one, (ast.Import, ast.ImportFrom)):
        for alias in one.names:
            found.unclear |= alias.name == "*"
            found.add(alias.asname or alias.name.partition(".")[0], SURE)
        return
    if isinstance(one, ast.Assign):
        for target in one.targets:
            _assign(target, one.value, found)
    elif isinstance(one, ast.AnnAssign) and one.value:
        _assign(one.target, one.value, found)
    for child in ast.iter_child_nodes(one):
        _inner(child, found)


def _inner(one: ast.AST, found: Bindings) -> None:
    """Blocks of a statement, and names that are bound within its expressions."""
    if isinstance(one, ast.stmt):
        _statement(one, found)
        return
    if isinstance(one, ast.Lambda):
        return
    if isinstance(one, ast.NamedExpr):
        _assign(one.target, one.value, found)
    elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
        found.add(one.id, VALUE)
    elif isinstance(one, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and one.name:
        found.add(one.name, VALUE)
    for child in ast.iter_child_nodes(one):
        _inner(child, found)


def _assign(target: ast.expr, value: ast.expr, found: Bindings) -> None:
    pairs = (ast.Tuple, ast.List)
    if isinstance(target, ast.Name):
        found.add(target.id, _kind(value, target.id))
    elif isinstance(target, pairs):
        same = isinstance(value, pairs) and len(value.elts) == len(target.elts)
        for number, one in enumerate(target.elts):
            part = value.elts[number] if same and isinstance(value, pairs) else value
            if isinstance(one, ast.Name):
                found.add(one.id, _kind(part, one.id) if same else LIKELY)


def _kind(value: ast.expr, name: str) -> int:
    """How surely a value can be called: by what it is, or is made of."""
    if isinstance(value, (ast.Lambda, ast.Name, ast.Attribute)):
        return SURE
    if isinstance(value, ast.IfExp):
        return max(_kind(value.body, name), _kind(value.orelse, name))
    if isinstance(value, VALUES):
        return VALUE
    for part in ast.walk(value):
        wraps = isinstance(part, ast.Name) and part.id in (name, "partial")
        if wraps or isinstance(part, ast.Lambda):
            return SURE
    return LIKELY
