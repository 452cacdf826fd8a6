"""What is handed out of each lesson is what its source gives, without the answers."""

from __future__ import annotations

import pytest

from bmkit.course.build.release import learner_text
from bmkit.course.cli.main import main
from bmkit.course.source.catalog import LANGS
from tests import ROOT
from tests.build.test_build import leaks
from tests.course_lessons import LESSONS, each_lesson


@each_lesson
def test_its_notebooks_are_what_its_source_gives(slug):
    lesson = LESSONS[slug]
    for lang in LANGS:
        path = ROOT / "lessons" / lang / lesson.built
        assert path.read_text(encoding="utf-8") == learner_text(lesson, lang)


@each_lesson
def test_no_answer_reaches_its_notebooks(slug):
    assert leaks(LESSONS[slug]) == []


@pytest.mark.lessons
def test_the_folder_and_the_tables_are_what_all_sources_give(capsys):
    assert main(["build", "--check"]) == 0, capsys.readouterr().err
