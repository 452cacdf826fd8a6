"""What a program says to a learner: strings, paragraphs of docstrings, comments.

Each phrase knows where it stands, so that `phrase_list` can put other words there. What
must be translated is told by `must_speak`; names, shapes and keywords need not be.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from bmkit.course import parsing

MARKER = re.compile(r"###\s")  # nbgrader's regions
LITERAL = re.compile(r"(?s)([A-Za-z]*)('''|\"\"\"|'|\")(.*)\2")
# Whose arguments a learner reads.
SPOKEN = re.compile(
    r"docstring|comment|print\[\d+\]|bm\.claim\[0\]"
    r"|bm\.expect\.((true|part)\[1\]|(shape|close|equal)\[2\])"
    r"|bm\.show\.progress\[1\]|text\[2\]|annotate\[0\]|legend\[[01]\]"
    r"|set_[xy]ticks\[1\]|set_[xy]ticklabels\[0\]|(Markdown|HTML)\[0\]"
    r"|(against|certain)="
    r"|(alt|s|title|[xy]label|label|labels|[xy]ticklabels|suptitle|description)="
    r"|(title|suptitle|[xy]label|sup[xy]label|set_title|set_[xy]label)\[0\]"
)
# Matplotlib's own words, of two at times: where something stands.
PLACES = re.compile(r"(loc|textcoords|xycoords)=")
WORD = re.compile(r"[A-Za-z]{2,}")
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;.]? [a-z]{2,}")
SHAPE = re.compile(r"\([^()]*,[^()]*\)|\[[^\[\]]*,[^\[\]]*\]")
MATHS = re.compile(r"\$[^$]*\$|</?\w[^<>]*>")  # and HTML's tags
DIRECTIVE = re.compile(r"(noqa|type|fmt|ruff|pylint|mypy):")
THROUGH = ast.BoolOp | ast.BinOp | ast.IfExp | ast.List | ast.Tuple | ast.Set | ast.Dict
BODIES = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
FORMAT = " .format"  # after the site of a string whose method is called


@dataclass(frozen=True)
class Phrase:
    """One thing that a program says, and where."""

    key: str  # its words, every run of blanks as one
    kind: str  # string, paragraph, comment; nested: within an f-string's braces
    begin: int  # offsets in the program's text
    end: int
    rows: tuple[str, ...]  # its lines, or the bodies of its literals
    site: str = ""  # of what it is an argument, or the name that it is given
    prefix: str = ""  # a string's: f, r, b
    depth: int = 0  # how many brackets are open before it
    spoken: bool = False  # whether a learner reads it
    formatted: bool = False  # whether what stands in its braces is put in
    mixed: bool = False  # whether its literals cannot be written as one kind


def phrases(code: str) -> list[Phrase]:
    """What a program says, in order.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = parsing.parse(code)
    text = Text(code)
    carriers = _carriers(tree)
    found = [*_comments(text)]
    for node, site in _strings(tree, ""):
        begin = text.byte(node.lineno, node.col_offset)
        end = text.byte(node.end_lineno or 0, node.end_col_offset or 0)
        if site == "docstring":
            found += _paragraphs(text, begin, end)
            continue
        parts, depth = text.literals(begin, end)
        rows = tuple(body for _, body in parts)
        prefix = "".join(sorted({letter for letters, _ in parts for letter in letters}))
        whole = site.removesuffix(FORMAT)
        found.append(
            Phrase(
                key_of("".join(rows)),
                "string",
                begin,
                end,
                rows,
                whole,
                prefix,
                depth,
                spoken=whole in carriers or bool(SPOKEN.fullmatch(whole)),
                formatted="f" in prefix or site.endswith(FORMAT),
                mixed=_mixed(parts),
            )
        )
        found += [
            Phrase(key_of(words), "nested", begin, begin, (words,))
            for words in _within_braces(node)
        ]
    return sorted((p for p in found if p.key), key=lambda p: p.begin)


def placeholders(text: str) -> tuple[list[str], str]:
    """What stands in braces, and the text without it; ``{{`` and ``}}`` are signs."""
    found: list[str] = []
    rest = ""
    place = 0
    while place < len(text):
        if text[place : place + 2] in ("{{", "}}") or text[place] != "{":
            step = 2 if text[place : place + 2] in ("{{", "}}") else 1
            rest += text[place : place + step]
            place += step
            continue
        begin, depth = place, 0
        while place < len(text):  # a width may be a placeholder within it
            depth += (text[place] == "{") - (text[place] == "}")
            place += 1
            if not depth:
                break
        found.append(text[begin:place])
    return found, rest


def must_speak(phrase: Phrase) -> bool:
    """Whether a phrase needs a translation, be it ``→ =``."""
    words = MATHS.sub("", placeholders(phrase.key)[1])
    if phrase.kind == "comment":
        words = SHAPE.sub("", words)
    if not WORD.search(words) or DIRECTIVE.match(words):
        return False
    if phrase.kind != "string" or phrase.spoken or "f" in phrase.prefix:
        return True
    # A text of several lines that nobody reads aloud is data, or a program.
    one_line = not any("\n" in row for row in phrase.rows)
    place = PLACES.fullmatch(phrase.site)
    return one_line and not place and bool(SENTENCE.search(words))


class Text:
    """A program's text, its tokens, and offsets into it."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.lines = code.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.comments: list[tuple[int, int, str]] = []
        self._literals: list[tuple[int, int, int]] = []  # begin, end, depth
        depth = inside = 0
        opened = (0, 0)
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            name = tokenize.tok_name[token.type]
            if name == "COMMENT":
                self.comments.append((*token.start, token.string))
            elif name == "STRING" and not inside:
                self._add(token.start, token.end, depth)
            elif name == "FSTRING_START":  # from Python 3.12 on, in parts
                opened = token.start if not inside else opened
                inside += 1
            elif name == "FSTRING_END":
                inside -= 1
                if not inside:
                    self._add(opened, token.end, depth)
            elif name == "OP" and not inside:
                depth += (token.string in "([{") - (token.string in ")]}")
        self._begins = [begin for begin, _, _ in self._literals]

    def _add(self, start: tuple[int, int], end: tuple[int, int], depth: int) -> None:
        self._literals.append((self.at(*start), self.at(*end), depth))

    def at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def byte(self, line: int, column: int) -> int:  # ast counts bytes
        row = self.lines[line - 1]
        return self.at(
            line, column if row.isascii() else len(row.encode()[:column].decode())
        )

    def literals(self, begin: int, end: int) -> tuple[list[tuple[str, str]], int]:
        """Prefix and body of each literal of a string, and the brackets around it."""
        parts = []
        first = bisect_left(self._begins, begin)
        for a, b, _ in self._literals[first:]:
            if a >= end:
                break
            prefix, body = _literal(self.code[a:b]).group(1, 3)
            parts.append((prefix.lower(), body))
        return parts, self._literals[first][2]

    def margin(self, offset: int) -> str:
        """The blanks before what stands first on the line of an offset."""
        row = self.code[self.code.rfind("\n", 0, offset) + 1 :]
        return row[: len(row) - len(row.lstrip(" "))]


def _literal(code: str) -> re.Match[str]:
    """Prefix, quotes and body of a string as it is written."""
    match = LITERAL.fullmatch(code)
    assert match is not None  # the tokenizer has said that it is one
    return match


def _strings(node: ast.AST, site: str) -> Iterator[tuple[ast.expr, str]]:
    """Every outermost string below a node, and of what it is an argument."""
    if _is_string(node):
        yield node, site
        return
    if isinstance(node, BODIES) and node.body:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(
            getattr(first.value, "value", None), str
        ):
            yield first.value, "docstring"
            node.body = node.body[1:]
    given = _given(node)
    if given:
        for target, value in given:
            yield from _strings(value, f"{target} =")
        for statement in (*getattr(node, "body", ()), *getattr(node, "orelse", ())):
            yield from _strings(statement, "")
        return
    if isinstance(node, ast.Call):
        name = _name(node.func)
        through = node.func
        if isinstance(through, ast.Attribute) and _is_string(through.value):
            # A method of the string itself: what comes of it goes where it goes.
            yield through.value, site + FORMAT * (through.attr == "format")
        else:
            yield from _strings(node.func, "")
        if isinstance(through, ast.Attribute) and through.attr in ("append", "add"):
            name = f"{_name(through.value)} ="
            for value in node.args:
                yield from _strings(value, name)
            return
        for number, value in enumerate(node.args):
            yield from _strings(value, f"{name}[{number}]")
        for word in node.keywords:
            yield from _strings(word.value, f"{word.arg}=")
        return
    for child in ast.iter_child_nodes(node):
        yield from _strings(child, site if isinstance(node, THROUGH) else "")


def _given(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """The names that a statement gives values to, each with its value."""
    if isinstance(node, ast.Assign):
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
        target, value = node.target, node.value
    elif isinstance(node, ast.For):
        target, value = node.target, node.iter
        # A row of a table goes to several names: any of them may be read.
        return [(name, value) for name in list(_names(target))[:1]]
    else:
        return []
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=False)
        return [(one.id if isinstance(one, ast.Name) else "", v) for one, v in pairs]
    return []


def _within_braces(node: ast.AST) -> Iterator[str]:
    """Words in the braces of an f-string: those of ``{"one" if x else "two"}``."""
    if not isinstance(node, ast.JoinedStr):
        return
    todo = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    while todo:
        one = todo.pop()
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value
        elif isinstance(one, ast.IfExp):
            todo += [one.body, one.orelse]
        elif isinstance(one, ast.BoolOp):
            todo += one.values


def _mixed(parts: list[tuple[str, str]]) -> bool:
    """Whether literals side by side read braces, or backslashes, in different ways."""
    plain = any("f" not in kind and re.search("[{}]", body) for kind, body in parts)
    raw = any("r" not in kind and "\\" in body for kind, body in parts)
    return (plain and any("f" in kind for kind, _ in parts)) or (
        raw and any("r" in kind for kind, _ in parts)
    )


def _carriers(tree: ast.AST) -> set[str]:
    """The sites ``name =`` of the names whose strings go on to a learner."""
    found: set[str] = set()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = _name(call.func)
        sites = [(f"{name}[{n}]", value) for n, value in enumerate(call.args)]
        sites += [(f"{word.arg}=", word.value) for word in call.keywords]
        for site, value in sites:
            if SPOKEN.fullmatch(site):
                found |= {f"{name} =" for name in _names(value)}
    return found


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, THROUGH):
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


def _is_string(node: ast.AST) -> TypeGuard[ast.JoinedStr | ast.Constant]:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _name(node: ast.expr) -> str:
    """What is called: ``bm.expect.close``, or a method's last name."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        names.append(node.id)
    return ".".join(reversed(names)) if names[-1:] == ["bm"] else "".join(names[:1])


def _paragraphs(text: Text, begin: int, end: int) -> Iterator[Phrase]:
    match = _literal(text.code[begin:end])
    margin = len(text.margin(begin))
    for part in re.finditer(r"\S.*?(?=\n[ \t]*\n|\s*\Z)", match[3], re.DOTALL):
        a, b = (begin + match.start(3) + offset for offset in part.span())
        rows = tuple(row[margin if n else 0 :] for n, row in enumerate(_rows(part[0])))
        yield Phrase(key_of(part[0]), "paragraph", a, b, rows, "docstring")


def _comments(text: Text) -> list[Phrase]:
    """Comments; those alone on lines that follow each other are one."""
    found: list[Phrase] = []
    last = (-1, -1)
    for line, column, words in text.comments:
        if MARKER.match(words):
            continue
        begin, end = text.at(line, column), text.at(line, column) + len(words)
        rows: tuple[str, ...] = (words.removeprefix("#").removeprefix(" "),)
        alone = not text.lines[line - 1][:column].strip()
        if alone and last == (line - 1, column):
            before = found.pop()
            begin, rows = before.begin, before.rows + rows
        last = (line, column) if alone else (-1, -1)
        key = key_of(" ".join(rows))
        found.append(Phrase(key, "comment", begin, end, rows, "comment"))
    return found


def _rows(text: str) -> list[str]:
    return [row.rstrip() for row in text.split("\n")]


def key_of(text: str) -> str:
    return " ".join(text.split())
