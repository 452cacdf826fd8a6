"""A learner's work, from the notebook it was done in into a newer one of the lesson."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

from bmkit.course.build import nbgrader_cells
from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text


def carry(old: JsonObject, new: JsonObject) -> tuple[int, int]:
    """Put answers, changed cells and added cells of ``old`` into ``new``.

    A cell that both notebooks have keeps what the learner made of it. One that the
    learner added follows the cell that it followed. An answer whose exercise is gone
    counts as added. Outputs stay behind: they belong to the old version's run.

    Args:
        old: a notebook of the lesson, whoever changed it.
        new: as it was built; it is changed.

    Returns:
        how many answers, and how many other cells.
    """
    cells: list[JsonObject] = new["cells"]
    places = {str(cell.get("id")): cell for cell in cells}
    answers = others = 0
    before: JsonObject | None = None
    for cell in map(as_dict, as_list(old.get("cells"))):
        here = places.pop(_name(cell), None)  # once: a second of its name is a copy
        if here is not None:
            before = here
            if _changed(cell, here):
                here["source"] = cell["source"]
                is_answer = bool(nbgrader_cells.grade_id(cell))
                answers, others = answers + is_answer, others + (not is_answer)
        elif not _built(cell) and as_text(cell.get("source")).strip():
            position = cells.index(before) + 1 if before in cells else 0
            before = _own(cell)
            cells.insert(position, before)
            others += 1
    return answers, others


def _name(cell: JsonObject) -> str:
    """By what a cell is found again: its grade id, which outlives a change of id."""
    return nbgrader_cells.grade_id(cell) or str(cell.get("id"))


def _changed(cell: JsonObject, here: JsonObject) -> bool:
    """Whether a cell of the old notebook holds what a learner wrote, and may go on."""
    text = as_text(cell.get("source"))
    if text == as_text(here.get("source")) or _built(cell):
        return False
    locked = nbgrader_cells.of(here).get("locked") is True
    return not locked and cell.get("cell_type") == here.get("cell_type")


def _built(cell: JsonObject) -> bool:
    """Whether it stands as a build wrote it: its text fits its id or its checksum."""
    meta = nbgrader_cells.of(cell)
    if meta.get("locked") is True or "id" not in cell:  # without: nobody can tell
        return True
    text = as_text(cell.get("source"))
    if meta.get("checksum"):
        return meta["checksum"] == _checksum(cell, text)
    digest = sha256(text.encode()).hexdigest()[:16]
    return str(cell.get("id")).split("-")[0] == digest


def _checksum(cell: JsonObject, text: str) -> str:
    from nbformat.v4 import new_code_cell
    from nbgrader.utils import compute_checksum

    meta = {"nbgrader": nbgrader_cells.of(cell)}
    made: str = compute_checksum(new_code_cell(text, metadata=meta))
    return made


def _own(cell: JsonObject) -> JsonObject:
    """A cell of the learner's own, without the marks and outputs of where it was."""
    made: JsonObject = {
        "cell_type": cell.get("cell_type"),
        "id": uuid4().hex[:8],
        "metadata": {},
        "source": cell.get("source"),
    }
    if made["cell_type"] == "code":
        made |= {"outputs": [], "execution_count": None}
    elif attachments := cell.get("attachments"):
        made["attachments"] = attachments
    return made
