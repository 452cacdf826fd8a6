"""Which of the lesson's own cells must run for the answers to be judged.

Most of a lesson's time goes into cells that nobody is graded on: training runs,
pictures. A cell that the learner left as it was, and whose names no answer uses, can
change no mark; it is left out. When in doubt a cell runs: one that does not parse, or
reaches for names by string. One doubt is left: that a call gives back part of what it
was given (``view = memoryview(data)``), which a later cell then changes.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Set
from dataclasses import dataclass, field
from functools import lru_cache

from bmkit.course import parsing

BY_STRING = {"exec", "eval", "globals", "locals", "vars", "get_ipython", "__main__"}
BUILTINS = set(dir(builtins))
NONE: frozenset[str] = frozenset()
DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)


@dataclass
class Names:
    """What a cell does with the notebook's names.

    Attributes:
        made: names that it binds or changes.
        sure: those that it binds anew whatever happens, not using the old value.
        fixed: modules, functions, classes and constants: using one changes no value.
        used: names it takes from before it, those within its functions too.
        later: for functions, classes and objects, names looked up when they are called.
        inner: names that functions bind by ``global``, at whatever time.
        alias: names that may stand for the same object.
        plain: whether all that could be told from its text.
        strings: whether it is not, but for names that it may reach by string.
        unsure: names bound to what may change.
    """

    made: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    later: dict[str, set[str]] = field(default_factory=dict)
    inner: set[str] = field(default_factory=set)
    alias: list[set[str]] = field(default_factory=list)
    plain: bool = True
    strings: bool = False
    unsure: set[str] = field(default_factory=set)


@lru_cache(maxsize=4096)
def names(source: str) -> Names:
    """The names in a cell, more rather than fewer."""
    try:
        tree = parsing.parse(source)
        symtable.symtable(source, "<cell>", "exec")
        found = Names()
        bound: set[str] = set()
        _block(tree.body, found, bound)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names(plain=False)
    found.sure = bound - found.used - found.inner
    found.fixed -= found.unsure
    found.strings = found.plain and bool(found.used & BY_STRING or "__main__" in source)
    found.plain &= not found.strings
    return found


def _block(body: list[ast.stmt], found: Names, bound: set[str]) -> None:
    """Statements one after another; ``bound`` grows by the names they bind."""
    for statement in body:
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            _simple([ast.Expr(statement.iter)], found, bound)
            first = ast.Subscript(statement.iter, ast.Constant(0), ast.Load())
            within = set(bound)
            _simple([ast.Assign([statement.target], first)], found, within)
            _block(statement.body, found, within)
            _branches([statement.orelse], found, bound)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            for item in statement.items:
                binds: ast.stmt = ast.Expr(item.context_expr)
                if item.optional_vars:
                    binds = ast.Assign([item.optional_vars], item.context_expr)
                _simple([binds], found, bound)
            # Names made within are made, unless errors are swallowed on the way.
            words = "".join(ast.unparse(item) for item in statement.items)
            swallows = "suppress" in words or "raises" in words
            inside = set(bound) if swallows else bound
            _block(statement.body, found, inside)
        elif isinstance(statement, (ast.Try, ast.TryStar)):
            handlers = [handler.body for handler in statement.handlers]
            for handler in statement.handlers:
                _simple([ast.Expr(handler.type or ast.Constant(0))], found, bound)
                if handler.name:
                    found.made.add(handler.name)
            _branches([[*statement.body, *statement.orelse], *handlers], found, bound)
            _block(statement.finalbody, found, bound)
        elif isinstance(statement, ast.Match):
            _simple([statement], found, set(bound))
        elif isinstance(statement, (ast.If, ast.While)):
            _simple([ast.Expr(statement.test)], found, bound)
            _branches([statement.body, statement.orelse], found, bound)
        else:
            _simple([statement], found, bound)


def _branches(bodies: list[list[ast.stmt]], found: Names, bound: set[str]) -> None:
    """Blocks that may or may not run: what they bind is not sure to be bound."""
    for body in bodies:
        _block(body, found, set(bound))


def _simple(statements: list[ast.stmt], found: Names, bound: set[str]) -> None:
    """One statement that is looked at as a whole."""
    module = ast.fix_missing_locations(ast.Module(statements, []))
    made: set[str] = set()
    used: set[str] = set()
    inner: set[str] = set()
    _look(symtable.symtable(ast.unparse(module), "<cell>", "exec"), made, used, inner)
    for node in ast.walk(module):
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            while isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value  # x.a = 1 and x[i] = 1 change x
            made |= used & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    (statement,) = statements
    if isinstance(statement, (ast.AugAssign, ast.Delete)):
        used |= made
    found.used |= used - bound
    found.made |= made | inner
    found.inner |= inner
    if isinstance(statement, DEFINITIONS):
        found.fixed.add(statement.name)
        found.later[statement.name] = used
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        found.fixed |= made
        found.plain &= "*" not in {alias.name for alias in statement.names}
    elif isinstance(statement, ast.Assign) and _constant(statement.value):
        found.fixed |= made
    else:
        found.unsure |= made
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            found.alias.append(made | _same(statement.value))
            for name in made:  # an object or a function made here looks up names too
                reach = found.later.setdefault(name, set())
                reach |= used & _asks(statement.value)
    if isinstance(statement, ast.Delete):
        bound -= made
    else:
        bound |= made


def _constant(value: ast.expr) -> bool:
    """Whether it is written out, and of a kind that nothing can change."""
    parts = ast.walk(value)
    kinds = (
        *(ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.operator),
        *(ast.unaryop, ast.expr_context),
    )
    return all(isinstance(part, kinds) for part in parts)


def _same(value: ast.expr | None) -> set[str]:
    """Names whose object, or part of it, an expression may give without a call."""
    if isinstance(value, ast.Name):
        return {value.id}
    if isinstance(value, (ast.Attribute, ast.Subscript, ast.Starred, ast.NamedExpr)):
        return _same(value.value)
    if isinstance(value, (ast.Tuple, ast.List, ast.Set)):
        return set().union(*map(_same, value.elts))
    if isinstance(value, ast.Dict):
        return set().union(*map(_same, value.values))
    if isinstance(value, ast.IfExp):
        return _same(value.body) | _same(value.orelse)
    if isinstance(value, ast.BoolOp):
        return set().union(*map(_same, value.values))
    return set()


def _asks(value: ast.expr | None) -> set[str]:
    """Names of what is called to make a value, and those within a lambda."""
    if isinstance(value, ast.Call):
        value = value.func
    elif not isinstance(value, ast.Lambda):
        return set()
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}


def _look(
    table: symtable.SymbolTable, made: set[str], used: set[str], inner: set[str]
) -> None:
    """Add the notebook's own names that this scope and those within it use."""
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if top or symbol.is_global():
            name = symbol.get_name()
            bound = symbol.is_assigned() or symbol.is_imported()
            if bound and (top or symbol.is_declared_global()):
                (made if top else inner).add(name)
            if symbol.is_referenced():
                used.add(name)
    for below in table.get_children():
        _look(below, made, used, inner)


def needed(cells: list[str], wanted: set[int], own: Set[int] = frozenset()) -> set[int]:
    """Positions of the cells to run so that the cells ``wanted`` run as in the whole.

    Args:
        cells: every code cell in order.
        wanted: positions that must run.
        own: positions of the lesson's own cells: what these reach by string is none of
            the notebook's names (the tests judge every lesson's known answers).
    """
    every = [names(source) for source in cells]
    if any(not every[position].plain for position in wanted):
        return set(range(len(cells)))
    values = set().union(*(one.made - one.fixed for one in every))
    values |= set().union(*(one.unsure for one in every))
    made = set().union(*(one.made for one in every))
    links = _Links(
        fixed=made - values,
        unknown=BUILTINS - made,
        inner=set().union(*(one.inner for one in every)),
        alias=_joined(
            [alias - (made - values) for one in every for alias in one.alias]
        ),
    )
    for one in every:
        for name, looked_up in one.later.items():
            links.later[name] = links.later.get(name, set()) | looked_up
    unclear = [
        position
        for position, one in enumerate(every)
        if not one.plain and not (one.strings and position in own)
    ]
    # What such a cell uses cannot be told: all that came before it.
    run = wanted | set(range(max(unclear, default=-1) + 1))
    while True:
        more = run | _backwards(every, run, links)
        more |= _made_later(every, more, links)
        if more == run:
            return run
        run = more


@dataclass
class _Links:
    """What the names of all cells together have to do with each other."""

    fixed: set[str]
    unknown: set[str]
    inner: set[str]
    alias: dict[str, set[str]]
    later: dict[str, set[str]] = field(default_factory=dict)

    def reach(self, names: set[str]) -> set[str]:
        """These, and what functions among them look up when they are called."""
        found = set(names)
        waiting = list(names)
        while waiting:
            more = self.later.get(waiting.pop(), NONE) - found
            found |= more
            waiting += more
        return found - self.unknown

    def touched(self, one: Names) -> set[str]:
        """What a cell makes or may change: x.append(1), f(x), and what f looks up."""
        values = one.made | (self.reach(one.used) - self.fixed) | self.inner
        return values.union(*(self.alias.get(name, NONE) for name in values))


def _joined(aliases: list[set[str]]) -> dict[str, set[str]]:
    """For each name, all that may stand for the same object."""
    groups: dict[str, set[str]] = {}
    for alias in aliases:
        group = set(alias).union(*(groups.get(name, NONE) for name in alias))
        groups.update(dict.fromkeys(group, group))
    return groups


def _backwards(every: list[Names], run: set[int], links: _Links) -> set[int]:
    """From the last cell to the first: who makes or changes what is used after it."""
    found: set[int] = set()
    live: set[str] = set()
    for position in reversed(range(len(every))):
        one = every[position]
        if position in run or links.touched(one) & live:
            found.add(position)
            live = links.reach((live - one.sure) | one.used)
    return found


def _made_later(every: list[Names], run: set[int], links: _Links) -> set[int]:
    """Cells that make a name which a running cell uses and nothing before it makes."""
    found = set()
    before: set[str] = set()
    for position, one in enumerate(every):
        if position in run:
            for name in links.reach(one.used) - before - one.made:
                found |= {p for p, other in enumerate(every) if name in other.made}
        before |= one.made
    return found
