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
import traceback
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]
STUB = "raise NotImplementedError"


def is_stub(error: BaseException | None) -> bool:
    """Whether an error is that of a stub.

    PyTorch's own have words, or come from another line. What the judge raises anew
    comes from the learner's process, and has lost its line.
    """
    if not isinstance(error, NotImplementedError) or str(error):
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
        used = _names(code, ast.Load)
        return next((self.halfway[name] for name in used if name in self.halfway), None)

    def note(
        self, code: str, function: str, before: Mapping[str, int], space: dict[str, Any]
    ) -> None:
        """Note what a cell would have made, and take away what it half made.

        Args:
            code: the cell, as Python.
            function: what it waits for.
            before: the identity of what each name stood for when it began.
            space: the notebook's names.
        """
        for name in _names(code, ast.Store):
            if name in space and before.get(name) != id(space[name]):
                del space[name]
            if name in space:
                self.halfway[name] = function
            else:
                self.lacking[name] = function
        for name in _imported_or_defined(code):
            if name not in space:
                self.lacking[name] = function
        for name in _changed(code):
            if name in space and not isinstance(space[name], types.ModuleType):
                self.halfway[name] = function

    def made(self, code: str) -> None:
        """Forget the names that a cell made which ran to its end."""
        for name in [*_names(code, ast.Store), *_imported_or_defined(code)]:
            self.lacking.pop(name, None)
            self.halfway.pop(name, None)


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
        return ast.parse(code)
    return ast.Module([], [])


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a cell outside its functions and classes: what runs at once."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from _outside(child)


def _names(code: str, use: type[ast.expr_context]) -> list[str]:
    """The names that a cell reads or binds; those of a comprehension are its own."""
    nodes = list(_outside(_tree(code)))
    rounds = (node.target for node in nodes if isinstance(node, ast.comprehension))
    own = {id(part) for target in rounds for part in ast.walk(target)}
    return [
        node.id
        for node in nodes
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, use)
        and id(node) not in own
    ]


def _imported_or_defined(code: str) -> list[str]:
    found: list[str] = []
    for node in _outside(_tree(code)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found += [(a.asname or a.name).split(".")[0] for a in node.names]
    return found


def _changed(code: str) -> list[str]:
    """The names whose things a cell changes: ``x[0] = …``, ``x.a = …``, ``x.f(…)``."""
    found: list[str] = []
    for node in _outside(_tree(code)):
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
