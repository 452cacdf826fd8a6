"""A learner's file, whatever state it is in, made into a notebook that can be graded.

Learners delete cells, duplicate them, edit tests, lose metadata in other programs, and
hand in the wrong file. What can be told apart is put right and remarked upon; only a
file that holds nothing of ours is refused, with the reason in one line. The learner's
file itself is never changed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course import parsing
from bmkit.course.build.facts import blaming
from bmkit.course.build.nbgrader_cells import check_id, exercise_of_check, grade_id
from bmkit.course.build.release import learner_notebook
from bmkit.course.grade.notebook_file import NotGradable, load
from bmkit.course.json_values import JsonObject
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.loading import source_of
from bmkit.course.words import say
from bmkit.language import LANGS

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass
class Submission:
    """What will be graded.

    Attributes:
        path: the learner's file.
        lesson: whose exercises it holds.
        lang: its own language, by which an unchanged cell is known.
        told: the language in which its learner is told things.
        remarks: what had to be put right, a sentence each.
        book: the notebook to run: the learner's code, our tests.
    """

    path: Path
    lesson: Lesson
    lang: str
    told: str
    remarks: list[str] = field(default_factory=list)
    book: NotebookNode = field(init=False)

    def remark(self, key: str, **values: object) -> None:
        """Note something that was put right, in the learner's language."""
        self.remarks.append(say(key, lang=self.told, **values))


def read(path: Path, lessons: list[Lesson], told: str | None = None) -> Submission:
    """Read a learner's file and put it in order.

    Args:
        path: the file.
        lessons: the course's.
        told: the language of all that its learner is told; None for the notebook's.

    Raises:
        NotGradable: it is missing, not a notebook, or of another course.
        SourceError: the lesson's own source is too broken to grade by.
    """
    cells, meta = load(path)
    lesson = _recognise(cells, meta, lessons)
    lang = str(meta.get("lang"))
    lang = lang if lang in LANGS else "en"
    submission = Submission(path, lesson, lang, told or lang)
    with blaming(lesson):
        submission.book = _assemble(submission, cells)
    return submission


def _recognise(
    cells: list[JsonObject], meta: JsonObject, lessons: list[Lesson]
) -> Lesson:
    for lesson in lessons:
        if lesson.slug == meta.get("slug"):
            return lesson
    # Metadata lost: the lesson that shares most grade ids or function names.
    mine = {grade_id(cell) for cell in cells} | {n for c in cells for n in _defines(c)}
    best = max(lessons, key=lambda lesson: len(mine & _names(lesson)), default=None)
    if best is None or not mine & _names(best):
        slug = meta.get("slug")
        raise NotGradable(say("file.slug", slug=slug) if slug else say("file.other"))
    return best


def _names(lesson: Lesson) -> set[str]:
    names = {cell.name for cell in source_of(lesson).exercises()}
    return names | {check_id(name) for name in names}


def _defines(cell: JsonObject) -> set[str]:
    """The functions and classes that a code cell defines at top level."""
    if cell["cell_type"] != "code":
        return set()
    try:
        tree = parsing.parse(cell["source"])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def _assemble(submission: Submission, cells: list[JsonObject]) -> NotebookNode:
    """Our notebook's graded cells among the learner's own, in a sound order."""
    ours = learner_notebook(submission.lesson, submission.lang)
    graded = {grade_id(cell): cell for cell in ours.cells if grade_id(cell)}
    exercises = [name for name in graded if check_id(name) in graded]
    _adopt(submission, cells, exercises)
    places: dict[str, list[int]] = {name: [] for name in graded}
    for position, cell in enumerate(cells):
        if grade_id(cell) in places:
            places[grade_id(cell)].append(position)
    made: list[NotebookNode] = []
    checks_at = _checks_at(submission, cells, exercises, places, graded)
    for position in range(len(cells) + 1):
        if position < len(cells) and not exercise_of_check(cells[position]):
            made.append(_ours_or_theirs(cells[position], position, places, graded))
        for name in checks_at.get(position, ()):
            if not places[name]:
                made.append(_node("code", **_kept(graded[name])))
            made.append(_node("code", **_kept(graded[check_id(name)])))
    if cells and not any("parameters" in c.metadata.get("tags", []) for c in made):
        submission.remark("remark.parameters")
        made.insert(0, _node("code", "", {"tags": ["parameters"]}))
    for position, cell in enumerate(made):
        cell["id"] = grade_id(cell) or f"cell-{position}"
    ours.cells = [_for_grading(cell, submission.told) for cell in made]
    return ours


def _adopt(
    submission: Submission, cells: list[JsonObject], exercises: list[str]
) -> None:
    """Give back its grade id to a cell that lost it but defines the exercise."""
    present = {grade_id(cell) for cell in cells}
    for name in exercises:
        if name in present:
            continue
        for cell in cells:
            if name in _defines(cell) and not grade_id(cell):
                cell["metadata"] = {"nbgrader": {"grade_id": name}}
                submission.remark("remark.label", name=name)
                break


def _checks_at(
    submission: Submission,
    cells: list[JsonObject],
    exercises: list[str],
    places: dict[str, list[int]],
    graded: dict[str, NotebookNode],
) -> dict[int, list[str]]:
    """After which of the learner's cells each exercise's check runs."""
    at: dict[int, list[str]] = {}
    for name in exercises:
        answers, checks = places[name], places[check_id(name)]
        remark = submission.remark
        if not answers:
            remark("remark.missing", name=name)
        if len(answers) > 1:
            remark("remark.times", name=name, count=len(answers))
        if not checks:
            remark("remark.deleted", name=name)
        right = graded[check_id(name)].source.strip()
        if any(cells[place]["source"].strip() != right for place in checks):
            remark("remark.edited", name=name)
        last = max(answers, default=-1)
        later = [place for place in checks if place > last]
        where = later[0] if later else (last if answers else len(cells))
        at.setdefault(where, []).append(name)
    return at


def _ours_or_theirs(
    cell: JsonObject,
    position: int,
    places: dict[str, list[int]],
    graded: dict[str, NotebookNode],
) -> NotebookNode:
    """A learner's cell; graded cells get our metadata, others none but tags."""
    name = grade_id(cell)
    if name in graded and places[name][-1] == position:
        return _node("code", cell["source"], graded[name].metadata)
    if cell["cell_type"] == "code":
        tags = cell["metadata"].get("tags")
        metadata = {"tags": ["parameters"]} if tags == ["parameters"] else {}
        return _node("code", cell["source"], metadata)
    return _node("markdown", cell["source"], {})


def _node(kind: str, source: str, metadata: JsonObject) -> NotebookNode:
    """A cell. nbformat's own makers check each against the schema, for 10 ms a cell."""
    from nbformat import from_dict

    cell: JsonObject = {"cell_type": kind, "id": "", "metadata": metadata}
    cell["source"] = source
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return from_dict(cell)


def _kept(cell: NotebookNode) -> JsonObject:
    return {"source": cell.source, "metadata": cell.metadata}


def _for_grading(cell: NotebookNode, lang: str) -> NotebookNode:
    """Grading runs at the smallest profile: checks do not depend on it."""
    if cell.metadata.get("tags") == ["parameters"]:
        cell.source += f'\nprofile, device, seed, lang = "ci", "cpu", 0, "{lang}"'
        cell.source = f'lang = "{lang}"\n{cell.source}'  # should the cell fail
    return cell
