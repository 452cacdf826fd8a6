"""What makes a source wrong, each with one clear line.

Nothing is built from sources that have a problem, and all problems of all files are
told in one go.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import Cell, Problem, Source, digest, displayed
from bmkit.course.source.glossary import missing
from bmkit.course.source.regions import HIDDEN, SOLUTION, regions_wrong
from bmkit.course.source.translation import difference, names, translated

LABEL = re.compile(r"\\label\{([^}]*)\}")
REFERENCE = re.compile(r"\\ref\{([^}]*)\}")
GRADE_ID = re.compile(r"^[A-Za-z0-9_]{1,56}$")  # a cell id has 64, `check-` takes 6
FIGURE = {"figure", "explore"}
# What puts words before a reader: alt text, claims, labels of axes.
WORDY = re.compile(r"\balt=|\bbm\.claim\(|\.set_(title|xlabel|ylabel)\(")


def problems(sources: list[tuple[Lesson, Source]]) -> list[Problem]:
    """Every problem of every source, and those between sources."""
    found = [problem for _, source in sources for problem in own(source)]
    lessons = [lesson for lesson, _ in sources]
    return [*found, *_needs(lessons), *_symbols(lessons)]


def own(source: Source) -> list[Problem]:
    """The problems of one source by itself."""
    found = list(source.problems)
    for rule in (_twins, _terms, _exercises, _regions, equations, _cells):
        found += rule(source)
    return found


def _twins(source: Source) -> Iterator[Problem]:
    for cell in source.cells:
        if cell.kind == "parameters" or (cell.twin is None and not _must_speak(cell)):
            continue
        if cell.twin is None:
            yield Problem(source.path, cell.line, f"{_called(cell)} has no translation")
            continue
        right = digest(cell.source)
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
        if not cell.markdown:
            gap = difference(cell.source, cell.twin.source)
            if gap:
                yield Problem(source.path, cell.twin.line, gap)


def _terms(source: Source) -> Iterator[Problem]:
    for cell in source.cells:
        if cell.twin is None:
            continue
        pairs = [(cell.source, cell.twin.source)]
        if not cell.markdown:  # its strings; a program's own words are not translated
            pairs = translated(cell.source, cell.twin.source)
            own = names(cell.source) if pairs else None
            pairs = [(own.sub(" ", english), chinese) for english, chinese in pairs]
        for line in dict.fromkeys(line for pair in pairs for line in missing(*pair)):
            yield Problem(source.path, cell.twin.line, line)


def _must_speak(cell: Cell) -> bool:
    """Whether a cell has words that a Chinese reader must have in Chinese."""
    if cell.kind in ("mistake", "variant", "parameters"):
        return False
    if cell.markdown or cell.kind in ("exercise", "check"):
        return True
    return bool(WORDY.search(cell.source))


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
        for kind, least in (("check", 1), ("hint", 1), ("mistake", 2), ("variant", 1)):
            count = len(source.of(kind, cell.name))
            if count < least:
                yield Problem(
                    *at,
                    f"exercise {cell.name!r} needs {least} {kind} cell"
                    f"{'s' if least > 1 else ''}, has {count}",
                )
            if kind == "check" and count > 1:
                yield Problem(*at, f"duplicate grade id 'check-{cell.name}'")
    for cell in source.cells:
        owned = cell.kind in ("check", "hint", "mistake", "variant")
        if owned and cell.name not in names:
            message = f"{cell.kind} of {cell.name!r}: no such exercise here"
            yield Problem(source.path, cell.line, message)
        if cell.kind == "mistake" and not str(cell.options.get("says", "")).strip():
            yield Problem(source.path, cell.line, "a mistake must have says=")


def _regions(source: Source) -> Iterator[Problem]:
    for cell in source.cells:
        texts = [(cell.source, cell.line)]
        if cell.twin:
            texts.append((cell.twin.source, cell.twin.line))
        for text, line in texts:
            for region, home in ((SOLUTION, "exercise"), (HIDDEN, "check")):
                wrong = regions_wrong(text, region, needed=cell.kind == home)
                if cell.kind != home and region.begin in text:
                    wrong = f"a {region.name} region outside an {home} cell"
                if wrong:
                    yield Problem(source.path, line, wrong)


def equations(source: Source) -> Iterator[Problem]:
    """What is wrong with labels, the cells that execute them, and their bond."""
    labels: Counter[str] = Counter()
    for cell in source.cells:
        if cell.kind != "prose":
            continue
        for label in LABEL.findall(cell.source):
            labels[label] += 1
            if labels[label] > 1:
                message = f"equation label {label!r} is used twice"
                yield Problem(source.path, cell.line, message)
            if not source.of("equation", label):
                message = f"equation {label!r} is not executed: no equation cell"
                yield Problem(source.path, cell.line, message)
    for cell in source.cells:
        if cell.kind == "equation":
            if cell.name not in labels:
                message = f"equation cell {cell.name!r}: no \\label{{{cell.name}}}"
                yield Problem(source.path, cell.line, message)
            if f'"{cell.name}"' not in cell.source:
                message = f'equation cell must call bm.equation("{cell.name}", …)'
                yield Problem(source.path, cell.line, message)
            yield from _bound(source, cell)
        if cell.kind == "prose":
            for text, line in _both(cell):
                for label in REFERENCE.findall(text):
                    if not any(label in LABEL.findall(c.source) for c in source.cells):
                        message = f"\\ref{{{label}}} refers to no labelled equation"
                        yield Problem(source.path, line, message)
                if text is not cell.source and sorted(LABEL.findall(text)) != sorted(
                    LABEL.findall(cell.source)
                ):
                    message = "the translation must label the same equations"
                    yield Problem(source.path, line, message)


def _bound(source: Source, cell: Cell) -> Iterator[Problem]:
    """An equation cell executes the formula that is shown, not one of before."""
    right, of = digest(displayed(source, cell.name)), cell.options.get("of")
    if not of:
        message = "an equation cell without its hash: run `bmkit stamp` on this file"
        yield Problem(source.path, cell.line, message)
    elif of != right:
        message = (
            f"stale equation cell: the formula now hashes to {right}, this is of "
            f'"{of}". Look at what it computes, then set of="{right}"'
        )
        yield Problem(source.path, cell.line, message)


def _both(cell: Cell) -> list[tuple[str, int]]:
    pair = [(cell.source, cell.line)]
    return [*pair, (cell.twin.source, cell.twin.line)] if cell.twin else pair


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
        for text, line in _both(cell):
            try:
                tree = ast.parse(text)
            except SyntaxError as error:
                where = line + (error.lineno or 1)
                yield Problem(source.path, where, f"not Python: {error.msg}")
                continue
            for call in ast.walk(tree):
                if _is_figure(call) and not _has_alt(call):
                    where = line + call.lineno
                    yield Problem(source.path, where, "a figure without alt text")
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "plt.show":
                    message = "plt.show() has no alt text: use bm.show.figure"
                    yield Problem(source.path, line + call.lineno, message)


def _is_figure(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in FIGURE
        and ast.unparse(node.func.value) == "bm.show"
    )


def _has_alt(call: ast.Call) -> bool:  # type: ignore[valid-type]
    alt = [word.value for word in call.keywords if word.arg == "alt"]
    if not alt:
        return False
    return not isinstance(alt[0], ast.Constant) or bool(str(alt[0].value).strip())


def _symbols(lessons: list[Lesson]) -> Iterator[Problem]:
    """A symbol means one thing in a chapter; its first lesson says what."""
    first: dict[tuple[str, str], Lesson] = {}
    for lesson in lessons:
        for symbol, meaning in lesson.symbols.items():
            earlier = first.setdefault((lesson.path.parent.name, symbol), lesson)
            known = earlier.symbols[symbol]
            if meaning != known:
                yield Problem(
                    lesson.path,
                    1,
                    f"symbol {symbol!r} is {meaning!r} here and {known!r} in "
                    f"{earlier.slug}: one meaning in a chapter",
                )


def _needs(lessons: list[Lesson]) -> Iterator[Problem]:
    slugs = Counter(lesson.slug for lesson in lessons)
    graph = {lesson.slug: lesson.needs for lesson in lessons}
    for lesson in lessons:
        if slugs[lesson.slug] > 1:
            yield Problem(lesson.path, 1, f"duplicate slug {lesson.slug!r}")
        for need in lesson.needs:
            if need not in graph:
                yield Problem(lesson.path, 1, f"needs {need!r}, which does not exist")
        circle = _circle(lesson.slug, graph)
        if circle:
            message = f"needs go in a circle: {' → '.join(circle)}"
            yield Problem(lesson.path, 1, message)


def _circle(start: str, graph: dict[str, tuple[str, ...]]) -> list[str]:
    """The way from ``start`` back to itself along ``needs``; empty if none."""
    trails = [[start]]
    seen: set[str] = set()
    while trails:
        trail = trails.pop()
        for need in graph.get(trail[-1], ()):
            if need == start:
                return [*trail, start]
            if need not in seen:
                seen.add(need)
                trails.append([*trail, need])
    return []
