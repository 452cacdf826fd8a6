"""What learners get: notebooks released by nbgrader's own preprocessors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course.build import nbgrader_cells
from bmkit.course.build.cache import kept
from bmkit.course.build.facts import checked
from bmkit.course.build.notebooks import dumps, loads, source_notebook
from bmkit.course.build.seal import seal
from bmkit.course.source.catalog import Course, Lesson
from bmkit.language import LANGS

if TYPE_CHECKING:
    from nbformat import NotebookNode


def learner_notebook(lesson: Lesson, lang: str = "en") -> NotebookNode:
    """The notebook that learners open, made by nbgrader's preprocessors."""
    return loads(learner_text(lesson, lang))


def learner_text(lesson: Lesson, lang: str = "en") -> str:
    """The file that learners open, as it stands in ``lessons/``."""
    return kept(lesson, f"learner-{lang}", str, lambda: _learner_text(lesson, lang))


def _learner_text(lesson: Lesson, lang: str) -> str:
    return dumps(seal(nbgrader_cells.released(source_notebook(lesson, lang))))


def built(course: Course) -> dict[Path, str]:
    """Every file of ``lessons/`` that the sources give, and its text.

    Raises:
        SourceError: with every problem of every source.
    """
    return {
        Path(lang) / lesson.built: learner_text(lesson, lang)
        for lesson in checked(course)
        for lang in LANGS
    }
