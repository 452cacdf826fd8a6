"""Whether a Chinese code cell is the same program as the English one.

Comments may differ, and a string may where the Chinese one has Chinese in it. The
placeholders of an f-string may change places, since word order does.
"""

from __future__ import annotations

import ast
import re

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def difference(english: str, chinese: str) -> str:
    """One line on how the programs differ; empty when they are the same."""
    try:
        a, b = ast.parse(english), ast.parse(chinese)
    except SyntaxError:
        return ""  # told as a syntax error of its own
    if len(a.body) != len(b.body):
        return "the translation is another program: it has more or fewer statements"
    for left, right in zip(a.body, b.body, strict=True):
        if _dump(left) != _dump(right) or not _strings_agree(left, right):
            first = ast.unparse(right).splitlines()[0]
            return f"the translation is another program, from `{first}` on"
    return ""


def translated(english: str, chinese: str) -> list[tuple[str, str]]:
    """The strings of two such programs that differ: each with its translation."""
    try:
        pair = [_strings(ast.parse(text)) for text in (english, chinese)]
    except SyntaxError:
        return []  # told as a syntax error of its own
    return [(a, b) for a, b in zip(*pair, strict=False) if a != b]


def names(code: str) -> re.Pattern[str]:
    """Matches a program's own names, which docstrings speak of and nobody translates.

    Args:
        code: a program that Python can read.
    """
    found = {"(?!)"}  # matches nothing
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
            found.add(node.arg)
    return re.compile(rf"\b(?:{'|'.join(sorted(found))})\b")


def _strings(node: ast.AST) -> list[str]:
    """String constants in order, an f-string's text as one."""
    found: list[str] = []
    if isinstance(node, ast.JoinedStr):
        found.append(
            "".join(p.value for p in node.values if isinstance(p, ast.Constant))
        )
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                found += _strings(part.value)
        return [found[0], *sorted(found[1:])]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    for child in ast.iter_child_nodes(node):
        found += _strings(child)
    return found


def _strings_agree(a: ast.AST, b: ast.AST) -> bool:
    left, right = _strings(a), _strings(b)
    return len(left) == len(right) and all(
        x == y or CHINESE.search(y) for x, y in zip(left, right, strict=True)
    )


class _Blank(ast.NodeTransformer):
    """Every string's text taken out, f-strings' placeholders in a fixed order."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [ast.dump(p) for p in node.values if isinstance(p, ast.FormattedValue)]
        # An f-string may become a plain one only if it had no placeholder.
        return ast.Constant("") if not parts else ast.Constant(tuple(sorted(parts)))


def _dump(node: ast.AST) -> str:
    return ast.dump(_Blank().visit(ast.parse(ast.unparse(node))))
