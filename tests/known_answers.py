"""Every answer that a source knows, handed in and judged: is each judged rightly?

One submission tries an answer of many exercises at once: it takes as many as the
exercise with the most answers has, not as many as there are answers.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import NamedTuple

from bmkit.course.build.notebooks import dumps
from bmkit.course.build.release import learner_notebook
from bmkit.course.grade import submission
from bmkit.course.grade.judge.cell_names import names
from bmkit.course.grade.judge.slicing import needed
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.grade.session import grade
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import Submission
from bmkit.course.kernels import sandbox
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.loading import source_of
from bmkit.course.source.regions import stub

RUN = ("code", "parameters", "exercise", "equation", "check")


class Answer(NamedTuple):
    """One way to answer: ``right`` or ``wrong``, and what its message says."""

    right: bool
    code: str
    says: str = ""
    points: float = 0  # of a wrong one


def known_answers(lesson: Lesson) -> dict[str, list[Answer]]:
    """For each exercise, every answer in its source, the reference first."""
    source = source_of(lesson)
    known = {}
    for cell in source.exercises():
        reference = cell.text("en")
        known[cell.name] = [
            Answer(True, reference),
            Answer(False, stub(reference)),
            *(
                Answer(False, c.source, c.options["says"], c.options.get("points", 0))
                for c in source.of("mistake", cell.name)
            ),
            *(Answer(True, c.source) for c in source.of("variant", cell.name)),
        ]
    return known


def related(lesson: Lesson) -> dict[str, set[str]]:
    """For each exercise, those that it is judged with, and those judged with it.

    Its check may need another's answer, and so may one of its own known answers.
    """
    source = source_of(lesson)
    cells = [cell for cell in source.cells if not cell.markdown and cell.kind in RUN]
    texts = [cell.source for cell in cells]
    makes = {cell.name: names(cell.source).made for cell in source.exercises()}
    needs: dict[str, set[str]] = {}
    for number, cell in enumerate(cells):
        if cell.kind == "check":
            others = set(range(len(texts))) - {number}
            run = [cells[n] for n in needed(texts, {number}, own=others)]
            needs[cell.name] = {one.name for one in run if one.kind == "exercise"}
    for name, answers in known_answers(lesson).items():
        said = [names(answer.code) for answer in answers]
        used = set().union(*(x.used.union(*x.later.values()) for x in said))
        needs[name] |= {other for other, made in makes.items() if made & used}
    return {
        name: {x for x in makes if x in needs[name] or name in needs[x]} - {name}
        for name in makes
    }


def submissions(lesson: Lesson) -> list[dict[str, Answer]]:
    """Answers by exercise, such that each known answer is in one submission.

    An exercise that is not named has the reference, so the first submission is all
    right. Related exercises are not tried together: one's mistake would fail both.
    """
    near = related(lesson)
    waiting = {name: answers[1:] for name, answers in known_answers(lesson).items()}
    made: list[dict[str, Answer]] = [{}]
    while any(waiting.values()):
        tried: dict[str, Answer] = {}
        for name, answers in waiting.items():
            if answers and not near[name] & tried.keys():
                tried[name] = answers.pop(0)
        made.append(tried)
    return made


def handed_in(
    lesson: Lesson,
    answers: dict[str, str],
    path: Path,
    lang: str = "en",
    extra: str = "",
) -> Submission:
    """What is read of a file with these answers by exercise; the others not done.

    Args:
        lesson: whose notebook it is.
        answers: the code of each exercise.
        path: where to write the file.
        lang: the notebook's language.
        extra: a cell of the learner's own, put before each answer.
    """
    book = learner_notebook(lesson, lang)
    cells = []
    for cell in book.cells:
        if cell["id"] in answers:
            cell.source = answers[cell["id"]]
            if extra:
                own = {**copy.deepcopy(cell), "source": extra, "metadata": {}}
                cells.append(type(cell)({**own, "id": f"own-{len(cells)}"}))
        cells.append(cell)
    book.cells = cells
    path.write_text(dumps(book), encoding="utf-8")
    return submission.read(path, [lesson])


def judged(made: Submission) -> Verdict:
    """The judge's verdict, in the sandbox where there is one."""
    return grade(made, Settings(unsafe=bool(sandbox.missing())))


def misjudged(lesson: Lesson, folder: Path, lang: str) -> list[str]:
    """Try every known answer; a line for each that is not judged as it should be."""
    source = source_of(lesson)
    references = {cell.name: cell.text(lang) for cell in source.exercises()}
    near = related(lesson)
    lines = []
    for tried in submissions(lesson):
        codes = {name: answer.code for name, answer in tried.items()}
        made = handed_in(lesson, {**references, **codes}, folder / "mine.ipynb", lang)
        verdict = judged(made)
        found = [*verdict.person, *([] if tried else verdict.remarks)]
        if [mark.exercise for mark in verdict.marks] != list(references):
            found.append("it has no mark for each exercise")
        for mark in verdict.marks:
            answer = tried.get(mark.exercise)
            if answer is None and near[mark.exercise] & tried.keys():
                continue  # it may be right or wrong with the answer it builds on
            answer = answer or Answer(True, references[mark.exercise])
            if not _as_it_should(mark, answer, lang):
                asked = "full points" if answer.right else repr(answer.says)
                gets = f"{mark.points:g} of {mark.of:g} points, {mark.message!r}"
                found.append(f"{mark.exercise}: {asked} expected: {gets}")
        lines += [f"{lesson.slug}, {lang}, trying {list(tried)}: {x}" for x in found]
    return lines


def _as_it_should(mark: Mark, answer: Answer, lang: str) -> bool:
    if answer.right:
        return mark.points == mark.of and not mark.message
    # One message may tell of two mistakes; the first is named then. What a mistake's
    # message says is known in English.
    named = bool(mark.mistake) == bool(answer.says)
    told = answer.says in mark.message or lang != "en"
    return mark.points == answer.points and bool(mark.hint) and named and told


def differences(ours: Verdict, theirs: Verdict) -> list[str]:
    """How two verdicts on one submission differ, a line each."""
    other = {mark.exercise: mark for mark in theirs.marks}
    assert list(other) == [mark.exercise for mark in ours.marks]
    return [
        f"{mark.exercise}: judge {mark.points:g} ({mark.message!r}), stock "
        f"{other[mark.exercise].points:g} ({other[mark.exercise].message!r})"
        for mark in ours.marks
        if mark.points != other[mark.exercise].points
    ]
