"""nbgrader's cells: the metadata by which it knows them, and the steps of a release.

An exercise's cell has the exercise's name as grade id, its check ``check-<name>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bmkit.course.json_values import JsonObject, as_dict, as_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

CHECK = "check-"
SCHEMA = 3  # of the metadata, as nbgrader 0.9 has it


def metadata(
    grade_id: str, *, solution: bool = False, points: int | None = None
) -> JsonObject:
    """What stands under ``nbgrader`` in a cell's metadata.

    Args:
        grade_id: the cell's name.
        solution: whether learners write in it.
        points: what it is worth; with points it is a locked test.
    """
    graded = points is not None
    meta: JsonObject = {
        "schema_version": SCHEMA,
        "grade_id": grade_id,
        "grade": graded,
        "solution": solution,
        "locked": graded,
        "task": False,
    }
    return {**meta, "points": points} if graded else meta


def check_id(exercise: str) -> str:
    """The grade id of an exercise's check."""
    return f"{CHECK}{exercise}"


def of(cell: Mapping[str, Any]) -> JsonObject:
    """A cell's nbgrader metadata, empty where it has none, whoever wrote the cell."""
    return as_dict(as_dict(cell.get("metadata")).get("nbgrader"))


def grade_id(cell: Mapping[str, Any]) -> str:
    """A cell's grade id; empty where it has none."""
    return as_text(of(cell).get("grade_id"))


def exercise_of_check(cell: Mapping[str, Any]) -> str:
    """The exercise whose check this cell is; empty when it is none."""
    name = grade_id(cell)
    return name.removeprefix(CHECK) if name.startswith(CHECK) else ""


def is_graded(cell: Mapping[str, Any]) -> bool:
    """Whether a cell's tests give points."""
    return of(cell).get("grade") is True


def assigned(book: NotebookNode, resources: JsonObject | None = None) -> NotebookNode:
    """A notebook as ``nbgrader generate_assignment`` saves it: stubs, all tests.

    Args:
        book: with solutions and hidden tests; it is changed.
        resources: nbgrader's; where they name a database, its cells are saved there.
    """
    from nbgrader import preprocessors

    steps = [
        preprocessors.LockCells,
        preprocessors.ClearSolutions,
        preprocessors.ClearOutput,
        preprocessors.CheckCellMetadata,
        preprocessors.ComputeChecksums,
    ]
    if resources:
        steps.append(preprocessors.SaveCells)
    return _apply(steps, book, resources or {})


def released(book: NotebookNode) -> NotebookNode:
    """A notebook as ``nbgrader generate_assignment`` releases it: no hidden tests.

    Args:
        book: with solutions and hidden tests; it is changed.
    """
    from nbgrader import preprocessors

    steps = [preprocessors.ClearHiddenTests, preprocessors.ComputeChecksums]
    return _apply(steps, assigned(book), {})


def _apply(steps: list[Any], book: NotebookNode, resources: JsonObject) -> NotebookNode:
    for step in steps:
        book, resources = step().preprocess(book, resources)
    return book
