"""A learner's file, whatever state it is in, made into a notebook that can be graded.

Learners delete cells, duplicate them, edit tests, lose metadata in other programs, and
hand in the wrong file. What can be told apart is put right (`assembly`) and remarked
upon; only a file that holds nothing of ours is refused, with the reason in one line.
The learner's file itself is never changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course.build.facts import blaming
from bmkit.course.build.nbgrader_cells import check_id, grade_id
from bmkit.course.build.release import learner_notebook
from bmkit.course.grade.assembly import Assembly
from bmkit.course.grade.bindings import SURE, bindings
from bmkit.course.grade.cell_pieces import given, pieces
from bmkit.course.grade.companions import Companions
from bmkit.course.grade.notebook_file import NotebookFile, NothingOfOurs, load
from bmkit.course.json_values import JsonObject, as_text
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
        person: why a person must look, a sentence each, in the teacher's language.
        doubts: `Assembly.doubts`, in words.
        lacking: `Assembly.lacking`.
        files: those that come along, by their path below the notebook's folder.
        book: the notebook to run: the learner's code, our tests.
    """

    path: Path
    lesson: Lesson
    lang: str
    told: str
    remarks: list[str] = field(default_factory=list)
    person: list[str] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    book: NotebookNode = field(init=False)

    def remark(self, key: str, **values: object) -> None:
        """Note something that was put right, in the learner's language."""
        self.remarks.append(say(key, lang=self.told, **values))

    def bring(self, found: Companions) -> None:
        """Take the files that come along; say what is left out."""
        self.files = found.files
        for name, why in found.left.items():
            self.remark("remark.left", name=name, why=why)

    @property
    def code(self) -> str:
        """All code of the notebook to run."""
        cells = (cell for cell in self.book.cells if cell.cell_type == "code")
        return "\n".join(cell.source for cell in cells)


def read(
    path: Path, lessons: list[Lesson], told: str | None = None, name: str = ""
) -> Submission:
    """Read a learner's file and put it in order.

    Args:
        path: the file.
        lessons: the course's.
        told: the language of all that its learner is told; None for the notebook's.
        name: what the file was called where it was handed in.

    Raises:
        NotGradable: it is missing, not a notebook, or of another course.
        SourceError: the lesson's own source is too broken to grade by.
    """
    file = load(path, name)
    cells, meta = file.cells, file.meta
    lesson = _recognise(file, lessons)
    with blaming(lesson):
        lang = _language(cells, meta, lesson)
        submission = Submission(path, lesson, lang, told or lang)
        assembly = Assembly(
            learner_notebook(lesson, lang),
            pieces(cells, lesson),
            given(lesson)[lang],
            submission.told,
            labelled=any(grade_id(cell) for cell in cells),
            held=_held(meta),
        )
        submission.book = assembly.made()
    if file.form:
        submission.remark("remark.text")
    for key, values in assembly.remarks:
        if not (file.form and key == "labels"):  # text never has any
            submission.remark(f"remark.{key}", **values)
    submission.person = [say(f"person.{key}", **v) for key, v in assembly.person]
    submission.lacking = assembly.lacking
    for exercise, number in assembly.doubts.items():
        why = say("person.dynamic", exercise=exercise, cell=number)
        submission.doubts[exercise] = why
    return submission


def _held(meta: JsonObject) -> list[str] | None:
    """The exercises of the version of the lesson that was given out, if it says so."""
    found = meta.get("exercises")
    return list(found) if isinstance(found, dict) and found else None


def _recognise(file: NotebookFile, lessons: list[Lesson]) -> Lesson:
    cells, meta = file.cells, file.meta
    for lesson in lessons:
        if lesson.slug == meta.get("slug"):
            return lesson
    # Metadata lost: the lesson that shares most grade ids or names.
    mine = {grade_id(cell) for cell in cells}
    for cell in cells:
        if cell["cell_type"] == "code":
            made = bindings(cell["source"]).names
            mine |= {name for name, kind in made.items() if kind == SURE}
    best = max(lessons, key=lambda lesson: len(mine & _names(lesson)), default=None)
    if best is None or not mine & _names(best):
        if file.form:
            raise NothingOfOurs(say(f"file.{file.form}"))
        slug = as_text(meta.get("slug"))[:60]
        why = say("file.slug", slug=slug) if slug else say("file.other")
        raise NothingOfOurs(why)
    return best


def _names(lesson: Lesson) -> set[str]:
    names = {cell.name for cell in source_of(lesson).exercises()}
    return names | {check_id(name) for name in names}


def _language(cells: list[JsonObject], meta: JsonObject, lesson: Lesson) -> str:
    """The notebook's language: as it says, or else by what stands in it."""
    if meta.get("lang") in LANGS:
        return str(meta["lang"])
    texts = {cell["source"].strip() for cell in cells}
    shared = {
        lang: len(texts & (one.own | one.prose | {*one.checks.values()}))
        for lang, one in given(lesson).items()
    }
    if shared["zh"] != shared["en"]:
        return max(shared, key=lambda lang: shared[lang])
    whole = "".join(texts)
    chinese = len(re.findall(r"[\u4e00-\u9fff]", whole))
    return "zh" if chinese * 10 > len(whole) else "en"
