"""What a notebook's magics do with its names: most of them nothing.

IPython makes Python of ``%matplotlib inline`` and ``!ls``: calls of the shell. Those
that are known to touch no variable are taken out, those that run code (``%%time``)
become that code. Any other stays, as something that may reach every name.
"""

from __future__ import annotations

import ast
import re

from bmkit.course import parsing

HARMLESS = {
    *("alias", "autoreload", "cat", "cd", "colors", "conda", "config", "env"),
    *("hist", "history", "load_ext", "ls", "lsmagic", "mamba", "matplotlib", "mkdir"),
    *("pdb", "pinfo", "pinfo2", "pip", "precision", "pwd", "reload_ext", "set_env"),
    *("system", "sx", "uv", "who", "whos", "xmode"),
}
# Cell magics whose body is no code of this notebook.
OTHERS = {
    *("bash", "html", "HTML", "javascript", "js", "latex", "markdown", "script"),
    *("sh", "svg", "SVG", "system", "sx", "writefile", "file"),
}
CODE = {"time", "timeit", "prun", "capture"}  # what follows them is run
ASKED = {"str", "repr", "type", "bool"}  # what may be asked of the shell itself
EXPANDS = re.compile(r"[{$]")  # a variable's value goes into the command
MOST = 10_000  # characters of a cell with magics
NOTHING = ast.Constant(None)


def as_python(source: str) -> str:
    """A cell's code as IPython hands it to Python.

    Raises:
        RecursionError: it is too long: IPython's time grows as its square.
    """
    if len(source) > MOST:
        raise RecursionError
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def without_harmless(tree: ast.Module) -> ast.Module:
    """The tree without the calls of the shell that touch no variable."""
    if not any(_is_shell(node) for node in ast.walk(tree)):
        return tree
    changed: ast.Module = _Harmless().visit(tree)
    return ast.fix_missing_locations(changed)


class _Harmless(ast.NodeTransformer):
    """Takes them out."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        code = _code(node.value)
        return self.generic_visit(node) if code is None else code

    def visit_Call(self, node: ast.Call) -> ast.AST:
        one = len(node.args) == 1 and _is_shell(node.args[0])
        asked = one and isinstance(node.func, ast.Name) and node.func.id in ASKED
        harmless = asked or _is_harmless(*_call(node))
        return NOTHING if harmless else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if _is_shell(node.left) and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            node.left = NOTHING
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        asked = node.attr == "__class__" and _is_shell(node.value)
        return NOTHING if asked else self.generic_visit(node)


def _is_harmless(method: str, *words: str) -> bool:
    """Whether a call of the shell touches no variable."""
    if EXPANDS.search(" ".join(words)):
        return False
    name = (words[0].split() or [""])[0] if words else ""
    if method == "run_cell_magic":
        return name in OTHERS and not re.search(r"--(out|err|proc)", words[1])
    if method in ("system", "getoutput"):
        return True
    return method in ("run_line_magic", "magic") and name in HARMLESS


def _code(value: ast.expr) -> list[ast.stmt] | None:
    """The statements that a magic runs; None if it is none of those."""
    name, *words = _call(value)
    if name not in ("run_line_magic", "run_cell_magic") or len(words) < 2:
        return None
    kind, line = words[0], words[1]
    if kind not in CODE:
        return None
    options = re.match(r"(\s*-\S+(\s+\d+)?)*\s*", line)
    rest = line[options.end() :] if options else line
    made: list[ast.stmt] = []
    if kind == "capture":
        names = rest.split()[:1]
        made = [ast.Assign([ast.Name(n, ast.Store())], ast.List([])) for n in names]
        rest = ""
    text = "\n".join([rest, *words[2:]])
    return [*made, *without_harmless(parsing.parse(as_python(text))).body]


def _call(value: ast.AST) -> list[str]:
    """The method of the shell that is called and its arguments, all of them texts."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return [""]
    texts = [
        one.value
        for one in value.args
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    plain = len(texts) == len(value.args) and not value.keywords
    return [value.func.attr, *texts] if plain and _is_shell(value.func.value) else [""]


def _is_shell(node: ast.AST) -> bool:
    """Whether it is ``get_ipython()``."""
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return named and node.func.id == "get_ipython" and not node.args  # type: ignore
