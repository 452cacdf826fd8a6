"""What learners get: notebooks released by nbgrader's own preprocessors."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course.build import nbgrader_cells
from bmkit.course.build.notebooks import dumps, loads, source_notebook
from bmkit.course.source.catalog import LANGS, Course, Lesson
from bmkit.course.source.loading import sources

if TYPE_CHECKING:
    from nbformat import NotebookNode


def learner_notebook(lesson: Lesson, lang: str = "en") -> NotebookNode:
    """The notebook that learners open, made by nbgrader's preprocessors."""
    changed = lesson.path.stat().st_mtime_ns
    return loads(_learner_text(lesson, lang, changed))


@cache
def _learner_text(lesson: Lesson, lang: str, _changed: int) -> str:
    return json.dumps(nbgrader_cells.released(source_notebook(lesson, lang)))


def built(course: Course) -> dict[Path, str]:
    """Every file of ``lessons/`` that the sources give, and its text."""
    files: dict[Path, str] = {}
    for lesson, _ in sources(course):
        for lang in LANGS:
            text = dumps(learner_notebook(lesson, lang))
            files[Path(lang) / lesson.built] = text
    return files
