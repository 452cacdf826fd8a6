"""Exercises that are not written yet: a cell that needs one is passed over.

A stub raises ``NotImplementedError()``. Run All, nbconvert and papermill would stop at
the first, and the learner could read no further. So a cell that met a stub shows which
exercise it needs, and the next one runs. The names that it would have made are noted:
who uses one of them needs the same exercise. Any other error stops as ever.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import os
import sys
import traceback
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bmkit.lab import known_error
from bmkit.lab.cell_magics import KEEPING

PACKAGE = Path(__file__).parents[1]
STUB = "raise NotImplementedError"
DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_stub(error: BaseException | None) -> bool:
    """Whether an error is that of a stub.

    PyTorch's own have words, or come from another line. One that was left above code
    that is written is a mistake like any other. What the judge raises anew comes from
    the learner's process, and has lost its line.
    """
    if not isinstance(error, NotImplementedError) or str(error):
        return False
    if known_error.left_above(error):
        return False
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return True
    frame, line = frames[-1]
    file = frame.f_code.co_filename
    text = linecache.getline(file, line).strip()
    return not text or text.startswith(STUB) or file.startswith(f"{PACKAGE}{os.sep}")


def function_of(error: BaseException) -> str:
    """The function or class at top level in which a stub raised; empty for none."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return ""
    name = frames[-1][0].f_code.co_qualname.split(".")[0]
    return "" if name.startswith("<") else name


def is_written(function: Any) -> bool:
    """Whether a function or class of the notebook has no stub in it any more."""
    try:
        return STUB not in inspect.getsource(function)
    except (OSError, TypeError):  # there is no such function, or its text is lost
        return False


def figures() -> set[int]:
    """The figures that pyplot holds, by number; none where nobody drew."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()


def close_figures(numbers: Iterable[int]) -> None:
    """Close figures, so that a half-made one is not shown after its cell."""
    for number in numbers:
        sys.modules["matplotlib.pyplot"].close(number)


class PassedOver:
    """What the cells that were passed over would have made.

    Attributes:
        lacking: names that are not there, each with the function it waits for.
        halfway: names of things that a cell may have left half done.
    """

    def __init__(self) -> None:
        self.lacking: dict[str, str] = {}
        self.halfway: dict[str, str] = {}

    def needed(self, error: BaseException, code: str) -> str | None:
        """The function that a failed cell waits for; None where it simply failed.

        Args:
            error: what it raised.
            code: the cell, as Python.
        """
        for one in _chain(error):
            if is_stub(one):
                return function_of(one)
            unbound = isinstance(one, UnboundLocalError)
            if isinstance(one, NameError) and not unbound and one.name in self.lacking:
                return self.lacking[one.name]
        used = _names(_tree(code).body, ast.Load)
        return next((self.halfway[name] for name in used if name in self.halfway), None)

    def note(
        self,
        error: BaseException,
        code: str,
        function: str,
        before: Mapping[str, int],
        space: dict[str, Any],
    ) -> None:
        """Note what a cell would have made, and take away what it half made.

        Args:
            error: what it raised.
            code: the cell, as Python.
            function: what it waits for.
            before: the identity of what each name stood for when it began.
            space: the notebook's names.
        """
        line = _line(error)
        rest = [node for node in _tree(code).body if (node.end_lineno or 0) >= line]
        touched = [*_names(rest[:1], ast.Store), *_changed(rest[:1])]
        for name in touched:
            found = space.get(name)
            module = isinstance(found, types.ModuleType)
            if name in space and before.get(name) != id(found) and not module:
                del space[name]
        for name in (*touched, *_names(rest, ast.Store), *_imported_or_defined(rest)):
            known = self.halfway if name in space else self.lacking
            if not isinstance(space.get(name), types.ModuleType):
                known[name] = function

    def made(self, code: str) -> None:
        """Forget the names that a cell made which ran to its end."""
        nodes = _tree(code).body
        for name in (*_names(nodes, ast.Store), *_imported_or_defined(nodes)):
            self.lacking.pop(name, None)
            self.halfway.pop(name, None)


def _line(error: BaseException) -> int:
    """The line of the cell at which it stopped; 0 where that is not known."""
    found = 0
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "<module>":
            if frame.f_code.co_filename == known_error.TIMED:
                return line
            found = found or line
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    one: BaseException | None = error
    seen: set[int] = set()
    while one is not None and id(one) not in seen:
        yield one
        seen.add(id(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _tree(code: str) -> ast.Module:
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        tree = ast.parse(code)
        match tree.body:
            case [ast.Expr(ast.Call(ast.Attribute(attr="run_cell_magic"), args))]:
                return _below(args)
        return tree
    return ast.Module([], [])


def _below(words: list[ast.expr]) -> ast.Module:
    """What stands below a magic, if the notebook keeps what is made there."""
    match words:
        case [ast.Constant(str(name)), _, ast.Constant(str(body))] if name in KEEPING:
            return _tree(body)
    return ast.Module([], [])


def _outside(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and all inside but functions and classes: what runs at once."""
    for node in nodes:
        yield node
        if not isinstance(node, DEFINITION):
            yield from _outside(ast.iter_child_nodes(node))


def _names(nodes: Iterable[ast.AST], use: type[ast.expr_context]) -> list[str]:
    """The names that are read or bound; those of a comprehension are its own."""
    inside = list(_outside(nodes))
    rounds = (node.target for node in inside if isinstance(node, ast.comprehension))
    own = {id(part) for target in rounds for part in ast.walk(target)}
    return [
        node.id
        for node in inside
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, use)
        and id(node) not in own
    ]


def _imported_or_defined(nodes: Iterable[ast.AST]) -> list[str]:
    found: list[str] = []
    for node in _outside(nodes):
        if isinstance(node, DEFINITION):
            found.append(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found += [(a.asname or a.name).split(".")[0] for a in node.names]
    return found


def _changed(nodes: Iterable[ast.AST]) -> list[str]:
    """The names whose things are changed: ``x[0] = …``, ``x.a = …``, ``x.f(…)``."""
    found: list[str] = []
    for node in _outside(nodes):
        place: Any = None
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            place = None if isinstance(node.ctx, ast.Load) else node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            place = node.value.func
        while isinstance(place, (ast.Attribute, ast.Subscript)):
            place = place.value
            if isinstance(place, ast.Name):
                found.append(place.id)
    return found
