"""A course is found where it is, or named, and never guessed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bmkit.course.source import catalog
from bmkit.course.source.catalog import Course, NoCourse, UnknownLesson
from tests import ROOT


def test_without_a_name_it_is_the_checkouts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Course.find() == Course(ROOT)


def test_a_named_folder_comes_first(course):
    assert Course.find(course) == Course(course)
    assert [x.slug for x in Course.find(course).lessons()] == ["adding", "plotting"]
    assert Course.find(course).lessons()[0].course == Course(course)


def test_without_a_checkout_it_is_the_one_around_the_current_folder(
    monkeypatch, course, tmp_path
):
    monkeypatch.setattr(catalog, "CHECKOUT", tmp_path)
    monkeypatch.chdir(course / "solutions" / "01-first")
    assert Course.find() == Course(course)
    shutil.rmtree(course / "solutions")
    monkeypatch.chdir(course)
    with pytest.raises(NoCourse, match="name one with --course DIR"):
        Course.find()


@pytest.mark.parametrize("name", ["nowhere", "file", "."])
def test_a_folder_without_a_course_is_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NoCourse, match="is no course: it has no solutions/"):
        Course.find(Path(name))


def test_lessons_are_picked_in_the_courses_order(course):
    assert [x.slug for x in Course(course).pick(["plotting", "adding"])] == [
        "adding",
        "plotting",
    ]
    with pytest.raises(UnknownLesson, match="did you mean adding"):
        Course(course).pick(["addin"])
