"""What an exercise defines, and the parameters of it, as its source says."""

from __future__ import annotations

import ast

from bmkit.course import parsing


def defined(code: str) -> list[str]:
    """The functions and classes that a cell defines, in order; none if it is broken."""
    return [node.name for node in _definitions(code)]


def parameters(code: str) -> dict[str, list[str]]:
    """The parameters of what a cell defines, by its name, in order; ``*rest`` so.

    Methods are called by their own names, a class by that of what it makes, and an
    object of it by ``__call__``, which ``forward`` is where there is no other. The
    first parameter of a method is left out.
    """
    found: dict[str, list[str]] = {}
    for node in _definitions(code):
        if isinstance(node, ast.FunctionDef):
            found[node.name] = _parameters(node)
            continue
        methods = {
            one.name: _parameters(one)[1:]
            for one in node.body
            if isinstance(one, ast.FunctionDef)
        }
        found |= methods
        found[node.name] = methods.get("__init__", [])
        if "forward" in methods:
            found.setdefault("__call__", methods["forward"])
    return found


def _definitions(code: str) -> list[ast.FunctionDef | ast.ClassDef]:
    try:
        tree = parsing.parse(code)
    except (SyntaxError, ValueError):
        return []
    return [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]


def _parameters(node: ast.FunctionDef) -> list[str]:
    every = node.args
    found = [one.arg for one in (*every.posonlyargs, *every.args)]
    found += [f"*{every.vararg.arg}"] if every.vararg else []
    return [*found, *(one.arg for one in every.kwonlyargs)]
