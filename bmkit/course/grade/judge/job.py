"""From a file handed in to all that judging it takes."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache

from bmkit.course.build import nbgrader_cells, release
from bmkit.course.build.cache import kept
from bmkit.course.grade.judge.cell_names import names
from bmkit.course.grade.judge.slicing import needed
from bmkit.course.grade.submission import Submission
from bmkit.course.source import loading, prose
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import Cell, Source
from bmkit.course.source.signatures import parameters
from bmkit.language import language


@dataclass(frozen=True)
class Check:
    """One exercise's check, as plain data.

    Attributes:
        exercise: its name.
        points: what it is worth.
        source: the tests, hidden ones too, in the submission's language.
        told: the same in the language in which the learner is told things.
        english: the same in English, to tell which known mistake was made.
        setup: the lesson's own cells to run before it, after those of earlier checks.
        names: what the learner's cell defines and the tests may use.
        parameters: of what it defines, by name (`signatures.parameters`).
        changes: the parameters that it may change.
        classes: whether its answer is a class, whose objects may well compute.
        hint: the first hint.
        mistakes: the ``says`` of each known mistake.
    """

    exercise: str
    points: float
    source: str
    told: str
    english: str
    setup: tuple[str, ...]
    names: tuple[str, ...]
    parameters: dict[str, list[str]]
    changes: tuple[str, ...]
    classes: bool
    hint: str
    mistakes: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """All that judging one submission takes: it can travel to another machine.

    Attributes:
        student: who handed it in.
        slug: the lesson.
        lang: the language of what the learner is told.
        teacher: the language of what a person who looks is told.
        files: those that come along, in base64, by path.
        notebook: the learner's code and our checks, as JSON (`submission.read`).
        own: the lesson's code cells as built, by which an unchanged cell is known.
        checks: every exercise's.
        remarks: what had to be put right.
        person: why a person must look.
        doubts: the same for an exercise, where its check finds no answer.
        lacking: what the lesson's own cells define that the notebook lacks.
        key: of the file.
        whole: run every cell, also those on which no answer depends.
    """

    student: str
    slug: str
    lang: str
    notebook: str
    own: tuple[str, ...]
    checks: tuple[Check, ...]
    remarks: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    doubts: dict[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    key: str = ""
    whole: bool = False
    teacher: str = "en"
    files: dict[str, str] = field(default_factory=dict)


def make_job(submission: Submission, *, student: str = "", key: str = "") -> Job:
    """Everything about one submission as plain data.

    Args:
        submission: what `submission.read` made of the file.
        student: who handed it in.
        key: SHA-256 of the file.
    """
    lesson, lang, told = submission.lesson, submission.lang, submission.told
    changed = lesson.path.stat().st_mtime_ns
    return Job(
        student=student,
        slug=lesson.slug,
        lang=told,
        notebook=json.dumps(submission.book, ensure_ascii=False),
        own=_own(lesson, lang, changed),
        checks=_checks(lesson, lang, told, changed),
        remarks=tuple(submission.remarks),
        person=tuple(submission.person),
        doubts=submission.doubts,
        lacking=tuple(submission.lacking),
        key=key,
        teacher=language(),
        files={n: b64encode(d).decode() for n, d in submission.files.items()},
    )


@cache
def _own(lesson: Lesson, lang: str, _changed: int) -> tuple[str, ...]:
    book = release.learner_notebook(lesson, lang)
    return tuple(
        cell.source.strip()
        for cell in book.cells
        if cell.cell_type == "code" and not nbgrader_cells.of(cell)
    )


@cache
def _checks(lesson: Lesson, lang: str, told: str, _changed: int) -> tuple[Check, ...]:
    made = kept(
        lesson,
        f"checks-{lang}-{told}",
        list[Check],
        lambda: _checks_of(lesson, lang, told),
    )
    return tuple(made)


def _checks_of(lesson: Lesson, lang: str, told: str) -> list[Check]:
    source = loading.source_of(lesson)
    setups = _setups(source, lang)
    made = []
    for cell in source.exercises():
        check = source.of("check", cell.name)[0]
        mistakes = source.of("mistake", cell.name)
        made.append(
            Check(
                exercise=cell.name,
                points=float(cell.options["points"]),
                source=check.text(lang),
                told=check.text(told),
                english=check.text("en"),
                setup=setups[cell.name],
                names=_names(cell),
                parameters=parameters(cell.source),
                changes=tuple(str(cell.options.get("changes", "")).split()),
                classes="class " in cell.source,
                hint=prose.alone(source.of("hint", cell.name)[0], source, told),
                mistakes=tuple(mistake.options["says"] for mistake in mistakes),
            )
        )
    return made


def _names(exercise: Cell) -> tuple[str, ...]:
    """What an exercise's cell defines."""
    return tuple(sorted(names(exercise.source).made))


def _setups(source: Source, lang: str) -> dict[str, tuple[str, ...]]:
    """For each check, the lesson's own cells that it needs and no check before it."""
    kinds = ("code", "parameters", "exercise", "equation", "check")
    cells = [cell for cell in source.cells if not cell.markdown and cell.kind in kinds]
    texts = [cell.text(lang) for cell in cells]
    answers = {cell.name: _names(cell) for cell in source.exercises()}
    checks = {n for n, c in enumerate(cells) if c.kind == "check"}
    for number, cell in enumerate(cells):
        if number in checks:  # the learner's names come from the learner
            texts[number] = f"{', '.join(answers[cell.name])} = ()\n{texts[number]}"
    run = needed(texts, checks, own=set(range(len(texts))))
    setups: dict[str, tuple[str, ...]] = {}
    waiting: list[str] = []
    for number, cell in enumerate(cells):
        if cell.kind == "check":
            setups[cell.name] = tuple(waiting)
            waiting = []
        elif number in run:
            waiting.append(cell.text(lang))
    return setups
