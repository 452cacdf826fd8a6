"""Does a notebook reach for the interpreter that its tests run in?

A check that runs in the learner's own process can be believed only while that process
is left as it was. What changes it has to name it first: libraries' attributes, the
shell, frames, modules. A notebook that does is honest most of the time, so it loses
nothing: a person looks. Whoever hides a name behind strings is caught by the words
that do it.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from bmkit.course import parsing

MODULES = {
    *("gc", "sys", "inspect", "ctypes", "builtins", "importlib", "types", "ast"),
    *("IPython", "ipykernel", "unittest", "atexit", "signal", "traceback", "code"),
    *("threading", "_thread", "multiprocessing", "subprocess", "pickle", "marshal"),
    *("runpy", "socket", "select", "symtable", "weakref", "contextvars", "mmap"),
}
SHOWS = {"display", "HTML", "Markdown", "Image", "Math", "Latex"}
WORDS = {
    *("get_ipython", "exec", "eval", "compile", "globals", "locals", "vars"),
    *("setattr", "delattr", "breakpoint", "__import__", "__builtins__"),
}
# Methods by which an object answers a library's questions about itself.
ANSWERS = {
    *("__torch_function__", "__torch_dispatch__", "__array_function__"),
    *("__array_ufunc__", "__array__", "__instancecheck__", "__eq__", "__ne__"),
    *("__bool__", "__getattribute__"),
}
PLAIN = {
    *("__init__", "__name__", "__doc__", "__version__", "__class__", "__len__"),
    *("__call__", "__post_init__", "__new__", "__qualname__", "__file__"),
}
MAGIC = re.compile(r"^\s*%{1,2}(matplotlib|time|timeit)\b.*$", re.MULTILINE)


@lru_cache(maxsize=1024)
def reaches(source: str) -> str:
    """The first thing in a cell's code that reaches for the interpreter, or nothing."""
    try:
        tree = parsing.parse(MAGIC.sub("", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "code that cannot be read"
    return next(filter(None, map(_reaches, ast.walk(tree))), "")


def _reaches(node: ast.AST) -> str:
    if isinstance(node, ast.Import):
        return next((a.name for a in node.names if _inner(a.name)), "")
    if isinstance(node, ast.ImportFrom):
        shows = {alias.name for alias in node.names} <= SHOWS
        module = node.module or "."
        return module if _inner(module) and not shows else ""
    if isinstance(node, ast.Name):
        return node.id if node.id in WORDS else ""
    if isinstance(node, ast.Attribute):
        return _attribute(node)
    if isinstance(node, ast.FunctionDef):
        return node.name if node.name in ANSWERS else ""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
        name = node.args[1] if len(node.args) > 1 else None
        plain = isinstance(name, ast.Constant) and not str(name.value).startswith("_")
        return "" if plain else "getattr"
    return ""


def _inner(module: str) -> bool:
    return module.split(".")[0] in MODULES or module.startswith("bmkit.")


def _attribute(node: ast.Attribute) -> str:
    name = node.attr
    if name.startswith("__") and name.endswith("__") and name not in PLAIN:
        return name
    if name in WORDS | MODULES - {"types", "code", "select", "signal"}:
        return name
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    known = {"bm", "bmkit", "torch", "np", "numpy", "math", "nn", "F", "pd", "tf"}
    if isinstance(node.ctx, (ast.Store, ast.Del)) and getattr(root, "id", "") in known:
        return ast.unparse(node)
    return ""
