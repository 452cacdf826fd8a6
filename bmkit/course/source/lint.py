"""What makes a source wrong, each with one clear line.

Nothing is built from sources that have a problem, and all problems of all files are
told in one go.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from bmkit.course import parsing
from bmkit.course.source import claims, equations, links, pages, parts, quotes
from bmkit.course.source.cells import Cell, Problem, Source, both, digest, nearest
from bmkit.course.source.glossary import missing, names
from bmkit.course.source.minutes import LONGEST, estimate
from bmkit.course.source.phrase_list import SAME
from bmkit.course.source.phrases import SHAPE
from bmkit.course.source.regions import HIDDEN, SOLUTION, cut, regions_wrong
from bmkit.course.source.signatures import parameters

SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
GRADE_ID = re.compile(r"^[A-Za-z0-9_]{1,56}$")  # a cell id has 64, `check-` takes 6
FIGURE = {"figure", "explore"}
FIGURES = re.compile(r"\bbm\.show\.(?:figure|explore)\(")


def own(source: Source) -> list[Problem]:
    """The problems of one source by itself."""
    found = list(source.problems)
    for rule in (
        _translations,
        _terms,
        _exercises,
        _excuses,
        _regions,
        parts.problems,
        equations.problems,
        claims.problems,
        links.problems,
        _cells,
        quotes.problems,
        pages.problems,
        _enclosable,
        _whole,
    ):
        found += rule(source)
    return found


def _translations(source: Source) -> Iterator[Problem]:
    """Prose has its Chinese, made from the English as it stands."""
    for cell in source.cells:
        if not cell.markdown:
            continue  # a program's list was compared with it when it was read
        if cell.twin is None:
            yield Problem(source.path, cell.line, f"{_called(cell)} has no translation")
            continue
        right = digest(cell.source)
        if not cell.twin.source.strip():
            message = f"{_called(cell)} has a translation without words"
            yield Problem(source.path, cell.twin.line, message)
        if not cell.twin.of:
            yield Problem(
                source.path,
                cell.twin.line,
                "a translation without its hash: run `bmkit stamp` on this file",
            )
        elif cell.twin.of != right:
            yield Problem(
                source.path,
                cell.twin.line,
                f"stale translation: the English now hashes to {right}, this is of "
                f'"{cell.twin.of}". Look at the Chinese, then set of="{right}"',
            )


def _terms(source: Source) -> Iterator[Problem]:
    """A translation calls things what the glossary calls them."""
    for cell in source.cells:
        if cell.twin is None:
            continue
        if cell.markdown:
            pairs = [(cell.source, cell.twin.source, 0)]
        else:
            try:
                own = names(cell.source)  # which nobody translates; nor shapes
            except SyntaxError:
                continue  # told as such
            pairs = [
                (own.sub(" ", SHAPE.sub(" ", e.key)), "\n".join(e.rows), e.line)
                for e in cell.twin.entries
                if e.rows != SAME
            ]
        for english, chinese, line in pairs:
            for lacking in missing(english, chinese, source.path.parents[1]):
                yield Problem(source.path, cell.twin.line + line, lacking)


def _called(cell: Cell) -> str:
    return f"{cell.kind} {cell.name!r}" if cell.name else f"this {cell.kind} cell"


def _exercises(source: Source) -> Iterator[Problem]:
    names = Counter(cell.name for cell in source.exercises())
    for cell in source.exercises():
        at = (source.path, cell.line)
        if not GRADE_ID.match(cell.name):
            yield Problem(*at, f"{cell.name!r} is no grade id: letters, digits, _ only")
        if names[cell.name] > 1:
            yield Problem(*at, f"duplicate grade id {cell.name!r}")
        for key in ("points", "minutes", "level"):
            if not isinstance(cell.options.get(key), int):
                yield Problem(*at, f"exercise {cell.name!r} lacks {key}=, a number")
        level = cell.options.get("level")
        if isinstance(level, int) and not 1 <= level <= 5:
            yield Problem(*at, f"exercise {cell.name!r}: level is 1 to 5, not {level}")
        known = {x.strip("*") for x in chain(*parameters(cell.source).values())}
        for name in str(cell.options.get("changes", "")).split():
            if name not in known:
                message = f"changes= names {name!r}, no parameter of {cell.name!r}"
                yield Problem(*at, message + nearest(name, known))
        for kind, least in (("check", 1), ("hint", 1), ("mistake", 2), ("variant", 1)):
            count = len(source.of(kind, cell.name))
            if count < least:
                yield Problem(
                    *at,
                    f"exercise {cell.name!r} needs {least} {kind} cell"
                    f"{'s' if least > 1 else ''}, has {count}",
                )
            if kind == "hint" and count == 1:
                message = f"exercise {cell.name!r} has 1 hint, a ladder two or three"
                yield Problem(*at, message, note=True)
            if kind == "check" and count > 1:
                yield Problem(*at, f"duplicate grade id 'check-{cell.name}'")
    for cell in source.cells:
        owned = cell.kind in ("check", "hint", "mistake", "variant")
        if owned and cell.name not in names:
            message = f"{cell.kind} of {cell.name!r}: no such exercise here"
            yield Problem(source.path, cell.line, message)
        if cell.kind == "mistake" and not str(cell.options.get("says", "")).strip():
            yield Problem(source.path, cell.line, "a mistake must have says=")


def _excuses(source: Source) -> Iterator[Problem]:
    names = {cell.name for cell in source.exercises()}
    for excuse in source.excuses:
        if excuse.exercise not in names and not excuse.equation:
            message = f"excuse of {excuse.exercise!r}: no such exercise here"
            if source.of("equation", excuse.exercise):
                message += "; an equation's stands right after its cell"
            yield Problem(source.path, excuse.line, message)


def _regions(source: Source) -> Iterator[Problem]:
    for cell in source.cells:
        texts = [(cell.source, cell.line)]
        if cell.twin:
            texts.append((cell.twin.source, cell.twin.line))
        for text, line in texts:
            for region, home in ((SOLUTION, "exercise"), (HIDDEN, "check")):
                wrong = regions_wrong(text, region, needed=cell.kind == home)
                if cell.kind != home and region.begin in text:
                    wrong = f"a {region.name} region outside a cell of kind {home}"
                if wrong:
                    yield Problem(source.path, line, wrong)
        if cell.kind == "check" and not _code(cut(cell.source, HIDDEN)):
            message = "a check shows one test at least: all of this one's are hidden"
            yield Problem(source.path, cell.line, message)


def _enclosable(source: Source) -> Iterator[Problem]:
    """What a check cannot do in the function that it becomes."""
    for cell in source.cells:
        if cell.kind != "check":
            continue
        try:
            tree = parsing.parse(cell.source)
        except SyntaxError:
            continue  # told as such
        given: set[str] = set()
        stored = {
            node.id
            for node in _own_scope(tree)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        for statement in tree.body:
            if isinstance(statement, SCOPES):
                given.add(getattr(statement, "name", ""))
                continue
            read, bound = set[str](), set[str]()
            for node in (statement, *_own_scope(statement)):
                message = ""
                if isinstance(node, ast.Global | ast.Nonlocal):
                    message = "a check's names are its own: no `global` in it"
                elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                    message = "no `import *` in a check: name what it imports"
                elif isinstance(node, ast.Await):
                    message = "a check is no coroutine: no `await` in it"
                if message:
                    at = cell.line + statement.lineno
                    yield Problem(source.path, at, message)
                if isinstance(node, ast.Name):
                    (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            for name in sorted((read - bound - given) & stored):
                message = f"{name!r} is the check's own here, and read before it is set"
                yield Problem(source.path, cell.line + statement.lineno, message)
            given |= bound


def _own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """What stands below a node, but for functions, classes and comprehensions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, SCOPES):
            yield child
            yield from _own_scope(child)


def _code(text: str) -> bool:
    """Whether there is a line that is not blank and no comment."""
    rows = (row.strip() for row in text.split("\n"))
    return any(row and not row.startswith("#") for row in rows)


def _cells(source: Source) -> Iterator[Problem]:
    parameters = [cell for cell in source.cells if cell.kind == "parameters"]
    if len(parameters) != 1:
        message = f"a lesson has one parameters cell, this has {len(parameters)}"
        yield Problem(source.path, 1, message)
    for cell in source.cells:
        if cell.outputs:
            yield Problem(source.path, cell.line, "output left in the source")
        if cell.markdown:
            continue
        for text, line in both(cell):
            try:
                tree = parsing.parse(text)
            except SyntaxError as error:
                where = line + (error.lineno or 1)
                yield Problem(source.path, where, f"not Python: {error.msg}")
                continue
            for call in ast.walk(tree):
                if not isinstance(call, ast.Call):
                    continue
                if _is_figure(call) and not _has_alt(call):
                    where = line + call.lineno
                    yield Problem(source.path, where, "a figure without alt text")
                if ast.unparse(call.func) == "plt.show":
                    message = "plt.show() has no alt text: use bm.show.figure"
                    yield Problem(source.path, line + call.lineno, message)


def _is_figure(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in FIGURE
        and ast.unparse(node.func.value) == "bm.show"
    )


def _has_alt(call: ast.Call) -> bool:
    alt = [word.value for word in call.keywords if word.arg == "alt"]
    if not alt:
        return False
    return not isinstance(alt[0], ast.Constant) or bool(str(alt[0].value).strip())


def _whole(source: Source) -> Iterator[Problem]:
    """What every lesson has in the end; while it is being written these are notes."""
    count = len(source.exercises())
    if not 3 <= count <= 6:
        message = f"a lesson has 3 to 6 exercises, this has {count}"
        yield Problem(source.path, 1, message, note=True)
    code = [cell.source for cell in source.cells if cell.kind in ("code", "equation")]
    figures = sum(len(FIGURES.findall(text)) for text in code)
    if figures < 2:
        message = f"a lesson shows 2 figures at least, this has {figures}"
        yield Problem(source.path, 1, message, note=True)
    if not any("bm.claim(" in text for text in code):
        message = "a lesson says what was learned by bm.claim, this has none"
        yield Problem(source.path, 1, message, note=True)
    minutes = estimate(source)
    if minutes > LONGEST:
        message = f"takes {minutes} minutes, {LONGEST} are the most: cut or split it"
        yield Problem(source.path, 1, message, note=True)
