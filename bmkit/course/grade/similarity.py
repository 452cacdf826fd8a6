"""Identical work: answers that are the same but for layout, comments and names.

It points out; a teacher judges. Two answers are alike when their syntax trees are, once
comments, docstrings, annotations and bare constants are left out and every name that
the answer itself binds (arguments, variables, inner functions) is replaced by a number
in order of appearance. Attributes, methods, imported names and the exercise's own name
stay.

What everyone would write says nothing. An answer counts only with at least `FEWEST`
nodes of the tree more than the stub that learners got; that is about four lines.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bmkit.course import parsing
from bmkit.course.build import nbgrader_cells
from bmkit.course.grade.result import Verdict

if TYPE_CHECKING:
    from bmkit.course.source.catalog import Lesson

FEWEST = 40
LONGEST = 200_000  # characters of an answer that is worth a syntax tree
DROPPED = {"annotation", "returns", "type_comment", "ctx", "kind", "simple"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
NAMED = (*FUNCTIONS[:2], ast.ClassDef)


@dataclass(frozen=True)
class Group:
    """Students whose answers to one exercise are alike.

    Attributes:
        slug: the lesson; empty when it was not told.
        exercise: which of its exercises.
        students: who, at least two.
        of: how many students wrote an answer of their own to it.
        nodes: the size of the answer; the larger, the less it is chance.
        published: whether it is the lesson's own answer, which may be known to all.
    """

    slug: str
    exercise: str
    students: tuple[str, ...]
    of: int
    nodes: int
    published: bool = False


@dataclass(frozen=True)
class _Form:
    """What is left of an answer: its digest, and how many nodes it has."""

    digest: str
    nodes: int


@dataclass(frozen=True)
class Known:
    """A lesson's own forms of an exercise: the stubs given out, and the answers."""

    stubs: frozenset[_Form]
    answers: frozenset[_Form]


def known(lessons: Iterable[Lesson]) -> dict[tuple[str, str], Known]:
    """Stub and answers of every exercise, by lesson and exercise."""
    from bmkit.course.source.loading import source_of
    from bmkit.course.source.regions import stub

    forms = {}
    for lesson in lessons:
        source = source_of(lesson)
        for cell in source.exercises():
            texts = {cell.text("en"), cell.text("zh")}
            stubs = {form(stub(text), cell.name) for text in texts}
            right = texts | {c.source for c in source.of("variant", cell.name)}
            answers = {form(text, cell.name) for text in right}
            forms[lesson.slug, cell.name] = Known(frozenset(stubs), frozenset(answers))
    return forms


def groups(
    work: Iterable[Verdict | tuple[str, dict[str, str]]],
    ours: dict[tuple[str, str], Known] | None = None,
) -> list[Group]:
    """Find who has the same answer.

    Args:
        work: verdicts, or pairs of a student and the code of each exercise. One at a
            time is looked at and none kept.
        ours: what `known` gave; without it stubs cannot be told from answers.

    Returns:
        the groups; first those of few students and much code, which chance explains
        least.
    """
    alike: dict[tuple[str, str], dict[_Form, list[str]]] = {}
    for one in work:
        slug = one.slug if isinstance(one, Verdict) else ""
        student = one.student if isinstance(one, Verdict) else one[0]
        codes = answers(one) if isinstance(one, Verdict) else one[1]
        for exercise, code in codes.items():
            shape = form(code, exercise)
            alike.setdefault((slug, exercise), {}).setdefault(shape, []).append(student)
    found = []
    for (slug, exercise), shapes in alike.items():
        lesson = (ours or {}).get((slug, exercise), Known(frozenset(), frozenset()))
        given = min((stub.nodes for stub in lesson.stubs), default=0)
        written = {s: who for s, who in shapes.items() if s not in lesson.stubs}
        of = sum(map(len, written.values()))
        for shape, who in written.items():
            if len(who) > 1 and shape.nodes - given >= FEWEST:
                published = shape in lesson.answers
                students = tuple(sorted(who))
                found.append(
                    Group(slug, exercise, students, of, shape.nodes, published)
                )
    return sorted(found, key=lambda g: (len(g.students), -g.nodes, g.exercise))


def answers(verdict: Verdict) -> dict[str, str]:
    """The code of each exercise in a verdict's notebook."""
    wanted = {mark.exercise for mark in verdict.marks}
    codes = {}
    cells = json.loads(verdict.notebook)["cells"] if verdict.notebook else []
    for cell in cells:
        name = nbgrader_cells.grade_id(cell)
        if name in wanted:
            codes[name] = "".join(cell["source"])
    return codes


def form(code: str, exercise: str = "") -> _Form:
    """What is left of code without layout, comments, docstrings and its own names."""
    tokens = _tokens(code, exercise)
    digest = hashlib.sha256()
    nodes = 0
    for token in tokens:
        nodes += token.startswith("(")
        digest.update(token.encode("utf-8", "backslashreplace") + b"\0")
    return _Form(digest.hexdigest(), nodes)


def _tokens(code: str, exercise: str) -> list[str]:
    """The normal form; of code that Python cannot read, its words and signs."""
    if len(code) <= LONGEST:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it says of a learner's escapes
                tree = parsing.parse(code)
            return list(_walk(tree, exercise))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    bare = re.sub(r"#[^\n]*", "", code[:LONGEST])
    words = [f"({word}" for word in re.findall(r"\w+|[^\w\s]", bare)]
    return words if len(code) <= LONGEST else [*words, f"({len(code)}"]


def _walk(tree: ast.AST, exercise: str) -> Iterator[str]:
    """The tree as tokens, a ``(`` before each node.

    Not recursive: a learner's code may nest as deep as Python's parser lets it.
    """
    outer = _Names(None, _bound(tree) - {exercise})
    todo: list[tuple[Any, _Names]] = [(tree, outer)]
    while todo:
        item, names = todo.pop()
        if isinstance(item, str):
            yield item
            continue
        if isinstance(item, ast.AnnAssign) and item.value:
            item = ast.Assign([item.target], item.value)
        if not isinstance(item, ast.AST):
            yield hex(item) if type(item) is int else repr(item)
            continue
        inner = names
        if isinstance(item, FUNCTIONS):
            inner = _Names(names, _bound(item))
        yield f"({type(item).__name__}"
        parts: list[tuple[Any, _Names]] = []
        for field, value in ast.iter_fields(item):
            if field in DROPPED:
                continue
            # A function's name and decorators belong to where it stands.
            scope = names if field in ("name", "decorator_list") else inner
            values = value if isinstance(value, list) else [value]
            parts.append((f"{field}:", scope))
            for one in values:
                if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                    continue
                if isinstance(one, ast.Pass):
                    continue
                if isinstance(one, str) and _is_name(item, field):
                    one = scope.of(one)
                elif isinstance(one, str):
                    one = repr(one)
                parts.append((one, scope))
        parts.append((")", names))
        todo += reversed(parts)


class _Names:
    """The names that one function binds, numbered as they are met."""

    def __init__(self, outer: _Names | None, bound: set[str]) -> None:
        self.outer, self.bound = outer, bound
        self.level: int = outer.level + 1 if outer else 0
        self.seen: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Its number, or itself where nobody here binds it."""
        scope: _Names | None = self
        while scope and name not in scope.bound:
            scope = scope.outer
        if scope is None:
            return name
        return scope.seen.setdefault(name, f"{scope.level}.{len(scope.seen)}")


def _is_name(node: ast.AST, field: str) -> bool:
    """Whether a node's string is a name that a scope binds or uses."""
    return (
        (isinstance(node, ast.Name) and field == "id")
        or (isinstance(node, ast.arg) and field == "arg")
        or (isinstance(node, NAMED) and field == "name")
        or (isinstance(node, ast.ExceptHandler) and field == "name")
        or (isinstance(node, (ast.Global, ast.Nonlocal)) and field == "names")
    )


def _bound(scope: ast.AST) -> set[str]:
    """What a module or function binds itself; inner functions and classes left out.

    What a class binds are attributes, which others may use by name.
    """
    bound: set[str] = set()
    free: set[str] = set()
    todo = list(ast.iter_child_nodes(scope))
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            free |= set(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.ExceptHandler, *NAMED)) and node.name:
            bound.add(node.name)
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            todo += ast.iter_child_nodes(node)
    return bound - free
