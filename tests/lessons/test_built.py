"""What is handed out of each lesson is what its source gives, without the answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bmkit.course.build import folder
from bmkit.course.build.release import learner_text
from bmkit.course.cli.main import main
from bmkit.course.source.catalog import LANGS, Course
from tests import ROOT
from tests.build.test_build import leaks
from tests.course_lessons import LESSONS, each_lesson


@each_lesson
def test_its_notebooks_are_what_its_source_gives(slug):
    lesson = LESSONS[slug]
    for lang in LANGS:
        path = Path(lang) / lesson.built
        assert not folder.difference(Course(ROOT), path, learner_text(lesson, lang))


@each_lesson
def test_no_answer_reaches_its_notebooks(slug):
    assert leaks(LESSONS[slug]) == []


@pytest.mark.lessons
def test_the_folder_and_the_tables_are_what_all_sources_give(capsys):
    assert main(["build", "--check"]) == 0, capsys.readouterr().err
