"""Sources to notebooks: the learner's in two languages, and the instructor's.

The instructor's notebook has everything and is what `run` executes. The learner's is
made from the same cells by nbgrader's own preprocessors, so that stock nbgrader
recognises it: solutions become stubs, hidden tests go, cells are locked and get
checksums.
"""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import TYPE_CHECKING

from bmkit.course.build import colab, nbgrader_cells
from bmkit.course.build.check_cell import check_cell
from bmkit.course.json_values import JsonObject
from bmkit.course.source import links, lint, prose
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import Cell, Source
from bmkit.course.source.loading import demand_right, source_of
from bmkit.course.source.regions import stub
from bmkit.course.words import say

if TYPE_CHECKING:
    from nbformat import NotebookNode

# The comments of the parameters cell, which is the same in every lesson.
PARAMETERS = {
    "ci, workshop or full": "ci、workshop 或 full",
    "auto, cpu or cuda": "auto、cpu 或 cuda",
}


def instructor_notebook(lesson: Lesson, lang: str = "en") -> NotebookNode:
    """The notebook that `run` executes: answers, all tests, what grades them.

    Raises:
        SourceError: with every problem of this source.
    """
    source = source_of(lesson)
    demand_right(lint.own(source))
    last = {c.name: i for i, c in enumerate(source.cells) if _belongs(c)}
    cells: list[NotebookNode] = []
    for position, cell in enumerate(source.cells):
        if cell.kind not in ("mistake", "variant", "hint"):
            cells += _cells(cell, source, lang)
        if _belongs(cell) and last[cell.name] == position:
            cells.append(_matrix(cell.name, source, lang))
            if lang == "en":  # a mutant is none of one language
                cells.append(_mutants(cell.name, source))
        if cell.kind == "equation" and lang == "en":
            cells.append(_perturbed(cell, source))
    return _notebook(lesson, source, lang, cells)


def carried_notebook(
    lesson: Lesson, answers: dict[str, str], lang: str = "en"
) -> NotebookNode:
    """The lesson with other answers in place of its own, and nothing tried on them.

    Args:
        lesson: which.
        answers: an exercise cell's code, by the exercise's name.
        lang: the language of all else.

    Raises:
        SourceError: with every problem of this source.
    """
    source = source_of(lesson)
    demand_right(lint.own(source))
    cells: list[NotebookNode] = []
    for cell in source.cells:
        if cell.kind not in ("mistake", "variant", "hint"):
            made = _cells(cell, source, lang)
            if cell.kind == "exercise" and cell.name in answers:
                made[0].source = answers[cell.name]
            cells += made
    return _notebook(lesson, source, lang, cells)


def source_notebook(
    lesson: Lesson, lang: str = "en", *, assigned: bool = False
) -> NotebookNode:
    """The notebook that stock nbgrader takes as an assignment's source.

    Args:
        lesson: which.
        lang: its language.
        assigned: whether it is to be handed in, and so not opened on the web.
    """
    source = source_of(lesson)
    title = _title(lesson, source, lang)
    if not assigned and (link := colab.link(lesson, lang)):
        title.source += f"\n\n{link}"
    cells = [title, *_elsewhere(lesson, lang)]
    rungs: dict[str, int] = {}
    for cell in source.cells:
        if cell.kind in ("mistake", "variant"):
            continue
        if cell.kind == "exercise":
            cells.append(_card(cell, lang))
        if cell.kind == "hint":
            rungs[cell.name] = rungs.get(cell.name, 0) + 1
            cells.append(_hint(cell, source, rungs[cell.name], lang))
        else:
            cells += _cells(cell, source, lang)
    if source.exercises():
        cells.append(_overview())
    cells += _onward(lesson, lang)
    return _notebook(lesson, source, lang, cells)


def dumps(book: NotebookNode) -> str:
    """A notebook as text, the same bytes every time."""
    return _nbformat().writes(book) + "\n"


def loads(text: str) -> NotebookNode:
    """A notebook from its text."""
    return _nbformat().reads(text, as_version=4)


def _nbformat() -> ModuleType:
    import nbformat

    return nbformat


def _notebook(
    lesson: Lesson, source: Source, lang: str, cells: list[NotebookNode]
) -> NotebookNode:
    v4 = _nbformat().v4
    seen: dict[str, int] = {}
    for cell in cells:
        grade = nbgrader_cells.grade_id(cell)
        base = grade or hashlib.sha256(cell.source.encode()).hexdigest()[:16]
        seen[base] = seen.get(base, 0) + 1
        cell["id"] = base if seen[base] == 1 else f"{base}-{seen[base]}"
    metadata = {
        "kernelspec": {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        },
        "language_info": {"name": "python"},
        "bmkit": {
            "slug": lesson.slug,
            "lang": lang,
            "title": lesson.title[lang],
            "exercises": {c.name: c.options["points"] for c in source.exercises()},
        },
    }
    return v4.new_notebook(cells=cells, metadata=metadata)


def _belongs(cell: Cell) -> bool:
    return cell.kind in ("exercise", "check", "mistake", "variant")


def _cells(cell: Cell, source: Source, lang: str) -> list[NotebookNode]:
    v4 = _nbformat().v4
    text = cell.text(lang)
    if cell.markdown:
        return [_prose(cell, source, lang)]
    if cell.kind == "parameters":
        if lang == "zh":
            text = text.replace('lang = "en"', 'lang = "zh"')
            for english, chinese in PARAMETERS.items():
                text = text.replace(f"# {english}", f"# {chinese}")
        return [v4.new_code_cell(text, metadata={"tags": ["parameters"]})]
    metadata: JsonObject = {}
    if cell.fold or cell.kind == "check":  # a check read beforehand spoils the answer
        metadata["jupyter"] = {"source_hidden": True}
    if cell.kind == "exercise":
        metadata["nbgrader"] = nbgrader_cells.metadata(cell.name, solution=True)
        metadata["bmkit"] = {"exercise": cell.name}
    elif cell.kind == "check":
        exercise = source.of("exercise", cell.name)[0]
        points = exercise.options["points"]
        check = nbgrader_cells.check_id(cell.name)
        metadata["nbgrader"] = nbgrader_cells.metadata(check, points=points)
        metadata["bmkit"] = {"check": cell.name}
        title = say("notebook.check", lang, exercise=cell.name)
        text = check_cell(exercise, text, title)
    elif cell.kind == "equation":
        metadata["bmkit"] = {"equation": cell.name}
    return [v4.new_code_cell(text, metadata=metadata)]


def _prose(cell: Cell, source: Source, lang: str) -> NotebookNode:
    found = _nbformat().v4.new_markdown_cell(prose.shown(cell, source, lang))
    if cell.kind == "quote":
        found.metadata["bmkit"] = {"quote": prose.section(cell)}
    return found


def _title(lesson: Lesson, source: Source, lang: str) -> NotebookNode:
    points = sum(cell.options["points"] for cell in source.exercises())
    facts = [f"§ {lesson.section}", say("notebook.about", lang, minutes=lesson.minutes)]
    if points:
        facts.append(say("notebook.points", lang, points=points))
    text = f"# {lesson.title[lang]}\n\n*{' · '.join(facts)}*"
    by_slug = {other.slug: other for other in lesson.course.readable()[0]}
    before = [_link(by_slug[need], lang) for need in lesson.needs if need in by_slug]
    if before:
        needs = ", ".join(before)
        text += f"\n\n{say('notebook.before', lang, lessons=needs)}"
    return _nbformat().v4.new_markdown_cell(text)


def _elsewhere(lesson: Lesson, lang: str) -> list[NotebookNode]:
    """The cell that installs bmkit where a notebook is opened alone, as on Colab."""
    code = colab.install(lesson.course.address(), lang)
    folded = {"jupyter": {"source_hidden": True}}
    return [_nbformat().v4.new_code_cell(code, metadata=folded)] if code else []


def _overview() -> NotebookNode:
    """The cell that ends a Run All with what is solved and what is open."""
    folded = {"jupyter": {"source_hidden": True}}
    return _nbformat().v4.new_code_cell("bm.progress()", metadata=folded)


def _onward(lesson: Lesson, lang: str) -> list[NotebookNode]:
    every, _ = lesson.course.readable()
    following = every[every.index(lesson) + 1 :][:1]
    text = "".join(
        say("notebook.next", lang, lesson=_link(other, lang)) for other in following
    )
    return [_nbformat().v4.new_markdown_cell(text)] if text else []


def _link(lesson: Lesson, lang: str) -> str:
    return f"[{lesson.title[lang]}]({links.address(lesson)})"


def _card(cell: Cell, lang: str) -> NotebookNode:
    level = cell.options["level"]
    text = say(
        "notebook.card",
        lang,
        exercise=cell.name,
        points=cell.options["points"],
        minutes=cell.options["minutes"],
        level="●" * level + "○" * (5 - level),
    )
    return _nbformat().v4.new_markdown_cell("> " + text.replace("\n", "\n> "))


def _hint(cell: Cell, source: Source, rung: int, lang: str) -> NotebookNode:
    summary = say("notebook.hint", lang, rung=rung)
    body = prose.shown(cell, source, lang)
    text = f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
    metadata = {"bmkit": {"hint": cell.name, "rung": rung}}
    return _nbformat().v4.new_markdown_cell(text, metadata=metadata)


def _perturbed(cell: Cell, source: Source) -> NotebookNode:
    excuses = source.excused(cell.name, equation=True)
    text = (
        "from bmkit.course.run.inside import equations\n\n"
        f"equations.trial(globals(), {cell.name!r},\n"
        f"    code={cell.source!r},\n    excuses={excuses!r})"
    )
    metadata = {"bmkit": {"perturbed": cell.name}}
    return _nbformat().v4.new_code_cell(text, metadata=metadata)


def _matrix(name: str, source: Source, lang: str) -> NotebookNode:
    exercise = source.of("exercise", name)[0]
    check = source.of("check", name)[0]
    mistakes = [
        (c.options["says"], c.source, c.options.get("points", 0))
        for c in source.of("mistake", name)
    ]
    variants = [c.source for c in source.of("variant", name)]
    text = (
        "from bmkit.course.run.inside import answer_matrix\n\n"
        f"answer_matrix.matrix(globals(), {name!r},\n"
        f"    points={exercise.options['points']},\n"
        f"    check={check_cell(exercise, check.text(lang), name)!r},\n"
        f"    reference={exercise.text(lang)!r},\n"
        f"    stub={stub(exercise.text(lang))!r},\n"
        f"    mistakes={mistakes!r},\n    variants={variants!r},\n"
        f"    messages={lang == 'en'})"
    )
    return _nbformat().v4.new_code_cell(text, metadata={"bmkit": {"matrix": name}})


def _mutants(name: str, source: Source) -> NotebookNode:
    exercise = source.of("exercise", name)[0]
    check = source.of("check", name)[0]
    text = (
        "from bmkit.course.run.inside import mutants\n\n"
        f"mutants.trial(globals(), {name!r},\n"
        f"    check={check_cell(exercise, check.source, name)!r},\n"
        f"    reference={exercise.source!r},\n"
        f"    changes={exercise.options.get('changes', '')!r},\n"
        f"    excuses={source.excused(name)!r})"
    )
    return _nbformat().v4.new_code_cell(text, metadata={"bmkit": {"mutants": name}})
