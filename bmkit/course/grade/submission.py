"""A learner's file, whatever state it is in, made into a notebook that can be graded.

Learners delete cells, duplicate them, edit tests, lose metadata in other programs, and
hand in the wrong file. What can be told apart is put right and remarked upon; only a
file that holds nothing of ours is refused, with the reason in one line. The learner's
file itself is never changed.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course import parsing
from bmkit.course.build.nbgrader_cells import check_id, exercise_of_check, grade_id
from bmkit.course.build.release import learner_notebook
from bmkit.course.json_values import JsonObject, as_dict, as_text
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.loading import source_of
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason
from bmkit.language import LANGS

if TYPE_CHECKING:
    from nbformat import NotebookNode

BIGGEST = 50 * 2**20  # bytes; a lesson with every figure stays below 5 MiB


class NotGradable(BmkitError):
    """Nothing in this file can be graded; the message says why."""


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
    """
    cells, meta = _load(path)
    lesson = _recognise(cells, meta, lessons)
    lang = str(meta.get("lang"))
    lang = lang if lang in LANGS else "en"
    submission = Submission(path, lesson, lang, told or lang)
    submission.book = _assemble(submission, cells)
    return submission


def _load(path: Path) -> tuple[list[JsonObject], JsonObject]:
    """The cells, each with ``cell_type``, ``source`` and ``metadata``; our metadata."""
    if path.is_dir():
        raise NotGradable(say("file.folder"))
    try:
        size = path.stat().st_size
        if size > BIGGEST:
            mebibytes, most = size / 2**20, BIGGEST / 2**20
            raise NotGradable(say("file.large", size=mebibytes, most=most))
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotGradable(say("file.absent")) from None
    except UnicodeDecodeError:
        raise NotGradable(say("file.bytes")) from None
    except OSError as error:
        raise NotGradable(say("intake.unreadable", why=reason(error))) from None
    if not text.strip():
        raise NotGradable(say("file.empty"))
    try:
        book = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise NotGradable(
            say("file.broken_at", line=line) if line else say("file.broken")
        ) from None
    if isinstance(book, dict) and isinstance(book.get("worksheets"), list):
        # nbformat 3 kept its cells in worksheets, and code under "input".
        sheets = [sheet for sheet in book["worksheets"] if isinstance(sheet, dict)]
        book["cells"] = [cell for sheet in sheets for cell in sheet.get("cells", [])]
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise NotGradable(say("file.cells"))
    cells = [_clean(cell) for cell in book["cells"] if isinstance(cell, dict)]
    meta = as_dict(as_dict(book.get("metadata")).get("bmkit"))
    return cells, meta


def _clean(cell: JsonObject) -> JsonObject:
    source = as_text(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    return {
        "cell_type": kind if kind in ("code", "markdown") else "raw",
        # Halves of characters are written by no file and no database.
        "source": source.encode("utf-8", "replace").decode(),
        "metadata": as_dict(cell.get("metadata")),
    }


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
