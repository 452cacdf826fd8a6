"""The notebook to run: the learner's cells in their order, our checks among them.

A check runs where its text stands, after what the learner wrote; where that is not
clear it runs more than once, and the best counts. Nothing that a learner wrote is left
out, and nothing of ours runs over it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bmkit.course.build.nbgrader_cells import check_id, grade_id
from bmkit.course.grade import missing_answers
from bmkit.course.grade.bindings import SURE, bindings
from bmkit.course.grade.cell_pieces import Given, Piece
from bmkit.course.json_values import JsonObject
from bmkit.course.words import say

if TYPE_CHECKING:
    from nbformat import NotebookNode

RUNS = 5  # of one check at most
# In a cell's metadata, under "bmkit":
EARLIER = "earlier_check"  # the exercise that is tried there too
NUMBER = "cell"  # which of the learner's cells it is, or is part of, from 1
# In grading all runs at the smallest profile: checks do not depend on it.
PROFILE, DEVICE = "ci", "cpu"


@dataclass
class Assembly:
    """One notebook on its way.

    Args:
        ours: the lesson's notebook, as it is given out.
        pieces: the learner's cells.
        given: what the lesson gives out, in the learner's language.
        told: the language in which the learner is told things.
        labelled: whether its cells have labels at all; some programs drop them.
        held: the exercises of the version that was given out; None where it is unknown.

    Attributes:
        remarks: what had to be put right, as keys of ``[remark]`` with values.
        person: why a person must look, as keys of ``[person]`` with values.
        lacking: names that cells of the lesson define which are not in this notebook.
        doubts: exercises whose answer may be given by name when a cell runs, and which
            cell that is; it is in doubt where no check finds it.
    """

    ours: NotebookNode
    pieces: list[Piece]
    given: Given
    told: str
    labelled: bool
    held: Collection[str] | None = None
    remarks: list[tuple[str, JsonObject]] = field(default_factory=list)
    person: list[tuple[str, JsonObject]] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    doubts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.graded = {grade_id(cell): cell for cell in self.ours.cells}
        self.answers: dict[int, list[str]] = {}  # at which piece: with its label
        self.checks: dict[int, list[str]] = {}  # after which piece
        self.stubs: dict[int, list[str]] = {}  # before which piece
        self.absent: list[str] = []  # exercises of which the notebook has nothing
        self.meant: set[str] = set()  # exercises that a cell was meant to define
        self.idle: set[int] = set()  # stubs that would run over an answer

    def made(self) -> NotebookNode:
        """The notebook."""
        if not self.labelled:
            self._remark("labels")
        for name in self.given.stubs:
            self._place(name)
        self._tell_absent()
        self._tell_version()
        made = (bindings(one.source).names for one in self.pieces if one.code)
        self.lacking = sorted(self.given.names.difference(*made))
        cells: list[NotebookNode] = []
        if self.pieces and not any(one.sets for one in self.pieces):
            self._remark("parameters")
            cells.append(self._settings())
        for position in range(len(self.pieces) + 1):
            for name in self.stubs.get(position, ()):
                cells.append(self._stub(name))
            if position < len(self.pieces) and not self.pieces[position].check:
                cells += self._learners(position)
            for name in self.checks.get(position, ()):
                cells.append(self._check(name, position))
        for position, cell in enumerate(cells):
            cell["id"] = grade_id(cell) or f"cell-{position}"
        self.ours.cells = cells
        return self.ours

    def _remark(self, key: str, **values: object) -> None:
        self.remarks.append((key, values))

    def _place(self, name: str) -> None:
        """Decide where an exercise's answer is, and after what its check runs."""
        pieces = self.pieces
        written = versions = self._versions(name)
        labelled = [n for n, one in enumerate(pieces) if one.label == name]
        stubs = [n for n, one in enumerate(pieces) if one.stub == name]
        if written:
            self.idle |= {*stubs}
        else:
            written = [n for n in labelled if n not in stubs] or stubs
        own = [n for n, one in enumerate(pieces) if name in (one.check, one.near)]
        unclear = [] if versions else self._unclear()
        if not (written or unclear):
            self._tell_missing(name)
        if unclear and not stubs:
            self.doubts[name] = pieces[unclear[-1]].number
        self._tell(name, written, labelled, own)
        places = _places(written, own) if written else own[-1:] or [len(pieces)]
        places += [n for n in unclear[-1:] if n > places[-1]]
        for place in places[-RUNS:]:
            self.checks.setdefault(place, []).append(name)
        free = [n for n in written if n not in self.answers]
        if free:
            self.answers[free[-1]] = [name]
        elif written:
            self.answers[written[-1]].append(name)  # two answers in one cell
        else:
            first = min([*self._mentions(name), *places])
            self.stubs.setdefault(first, []).append(name)

    def _versions(self, name: str) -> list[int]:
        """The learner's cells that give the exercise's name what it asks for."""
        asked = bindings(self.given.stubs[name]).names
        main = {name} if name in asked else {*asked}
        found: list[tuple[int, int]] = []
        for position, one in enumerate(self.pieces):
            if one.theirs:
                made = bindings(one.source).names
                kind = max((made.get(each, 0) for each in main), default=0)
                found += [(position, kind)] if kind else []
        if all(asked[each] < SURE for each in main):
            return [place for place, _ in found]
        surest = max((kind for _, kind in found), default=0)
        return [place for place, kind in found if kind == surest]

    def _mentions(self, name: str) -> list[int]:
        """Cells of the learner's that name it, or may bind it in some way."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        return [
            position
            for position, one in enumerate(self.pieces)
            if one.code and not (one.own or one.check)
            if word.search(one.source) or bindings(one.source).unclear
        ]

    def _unclear(self) -> list[int]:
        """Cells of the learner's that may bind any name when they run."""
        theirs = (n for n, one in enumerate(self.pieces) if one.theirs)
        return [n for n in theirs if bindings(self.pieces[n].source).unclear]

    def _tell(
        self, name: str, written: list[int], labelled: list[int], own: list[int]
    ) -> None:
        """Remark on what was put right for an exercise."""
        if written and self.labelled and not own:
            self._remark("deleted", name=name)
        if written and self.labelled and not labelled:
            self._remark("label", name=name)
        answers = [self.pieces[n] for n in written if not self.pieces[n].stub]
        count = len({one.number for one in answers})
        if count > 1:
            self._remark("times", name=name, count=count)
        if any(one.text for one in answers):
            self._remark("code", name=name)
        edited = any(self.pieces[n].near == name for n in own)
        if edited and not any(self.pieces[n].check == name for n in own):
            self._remark("edited", name=name)

    def _tell_missing(self, name: str) -> None:
        """Say of an exercise that no cell gives what became of it."""
        if found := missing_answers.meant(name, self.pieces, self.given.stubs):
            self.meant.add(name)
            self.remarks.append(found)
        elif missing_answers.deleted(name, self.pieces, self.held):
            self._remark("missing", name=name)
        else:
            self.absent.append(name)

    def _tell_absent(self) -> None:
        """An older version of the lesson may lack some; a person gives their points."""
        if self.absent:
            names = ", ".join(self.absent)
            self._remark("absent" if self.held is None else "older", name=names)
            self.person.append(("older", {"exercise": names}))

    def _tell_version(self) -> None:
        """Where several checks differ, the notebook is older or younger than ours."""
        others = [one for one in self.remarks if one[0] != "edited"]
        if len(self.remarks) - len(others) > 1:
            self.remarks = others
            self._remark("version")

    def _learners(self, position: int) -> list[NotebookNode]:
        """A cell of the learner's; the last answer of an exercise gets our metadata."""
        piece = self.pieces[position]
        if position in self.idle:
            shown = f"~~~~python\n{piece.source}\n~~~~"
            return [_node("markdown", shown, {})]
        first, *more = self.answers.get(position, [""])
        metadata = self.graded[first].metadata if first else {}
        ours = {**metadata.get("bmkit", {}), NUMBER: piece.number}
        metadata = {**metadata, "bmkit": ours}
        if piece.sets:
            metadata = {**metadata, "tags": ["parameters"]}
        cells = [_node("code" if piece.code else "markdown", piece.source, metadata)]
        if piece.code and not first:
            cells[0]["outputs"] = piece.outputs
        for name in more:
            cells.append(self._instead("above", name))
        return cells + ([self._settings()] if piece.sets else [])

    def _settings(self) -> NotebookNode:
        """What grading sets, after what the learner set."""
        line = (
            f'profile, device, seed, lang = "{PROFILE}", "{DEVICE}", 0, "{self.told}"'
        )
        return _node("code", line, {"tags": ["injected-parameters"]})

    def _stub(self, name: str) -> NotebookNode:
        """The exercise as it is given out; not where another cell is meant for it."""
        if name in self.meant:
            return self._instead("undefined", name)
        return _copied(self.graded[name])

    def _instead(self, key: str, name: str) -> NotebookNode:
        """A cell that has an exercise's label, where no cell holds it alone."""
        text = say(f"remark.{key}", lang=self.told, name=name)
        return _node("code", f"# {text}", self.graded[name].metadata)

    def _check(self, name: str, position: int) -> NotebookNode:
        """Our check; it gives points where it runs last, and is tried before that."""
        check = self.graded[check_id(name)]
        if position == max(place for place, ns in self.checks.items() if name in ns):
            return _copied(check)
        return _node("code", check.source, {"bmkit": {EARLIER: name}})


def _places(written: list[int], own: list[int]) -> list[int]:
    """After which cells a check runs: its own, each where an answer came before.

    What was written after the last of them is tried as well.
    """
    places, before = [], -1
    for place in own:
        if any(before < answer <= place for answer in written):
            places.append(place)
            before = place
    if written[-1] > before:
        places.append(written[-1])
    return places


def _copied(cell: NotebookNode) -> NotebookNode:
    return _node("code", cell.source, cell.metadata)


def _node(kind: str, source: str, metadata: JsonObject) -> NotebookNode:
    """A cell. nbformat's own makers check each against the schema, for 10 ms a cell."""
    from nbformat import from_dict

    cell: JsonObject = {"cell_type": kind, "id": "", "metadata": metadata}
    cell["source"] = source
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return from_dict(cell)
