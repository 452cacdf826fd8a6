"""What a cell does with the notebook's names, as far as its text tells.

When in doubt more rather than fewer: a cell that does not parse, or reaches for names
by string, may use or change any.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass, field
from functools import lru_cache

from bmkit.course import parsing
from bmkit.course.grade.judge import magics
from bmkit.course.json_values import JsonObject

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
        broken: whether it is no Python, magics apart: then none of it runs.
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
    broken: bool = False
    strings: bool = False
    unsure: set[str] = field(default_factory=set)

    def plainly(self) -> JsonObject:
        """As JSON can hold it."""
        return {
            **vars(self),
            **{n: sorted(v) for n, v in vars(self).items() if isinstance(v, set)},
            "later": {name: sorted(looked) for name, looked in self.later.items()},
            "alias": [sorted(names) for names in self.alias],
        }

    @classmethod
    def rebuilt(cls, told: JsonObject) -> Names:
        """From what `plainly` gave."""
        sets = {
            n: set(v) for n, v in told.items() if isinstance(v, list) and n != "alias"
        }
        later = {name: set(looked) for name, looked in told["later"].items()}
        alias = [set(names) for names in told["alias"]]
        return cls(**{**told, **sets, "later": later, "alias": alias})


@lru_cache(maxsize=4096)
def names(source: str) -> Names:
    """The names in a cell, more rather than fewer."""
    for made in (lambda: source, lambda: magics.as_python(source)):
        try:
            return _names(made())
        except (SyntaxError, ValueError):
            continue  # it may hold magics
        except (RecursionError, MemoryError):
            return Names(plain=False)
    return Names(plain=False, broken=True)


def _names(source: str) -> Names:
    tree = parsing.parse(source)
    symtable.symtable(source, "<cell>", "exec")
    found = Names()
    bound: set[str] = set()
    _block(magics.without_harmless(tree).body, found, bound)
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
    elif isinstance(statement, ast.Assign) and (
        _constant(statement.value) or _settings(statement.value)
    ):
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


def _settings(value: ast.expr) -> bool:
    """Whether it gives the lesson's settings: frozen, ``lab.pick`` only reads them."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "bm.start"


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
