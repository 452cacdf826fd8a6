"""Trying answers together leaves none out, and none is spoilt by another's mistake."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from tests import course_lessons
from tests.course_lessons import LESSONS, each_lesson, sample
from tests.known_answers import known_answers, related, submissions
from tests.lesson_costs import COLUMNS, COSTS, pytest_terminal_summary


@each_lesson
def test_each_known_answer_is_tried_once(slug):
    known = known_answers(LESSONS[slug])
    tried = Counter(
        pair for made in submissions(LESSONS[slug]) for pair in made.items()
    )
    wanted = Counter((name, one) for name, all_ in known.items() for one in all_[1:])
    assert tried == wanted
    assert submissions(LESSONS[slug])[0] == {}  # every reference


@each_lesson
def test_related_exercises_are_not_tried_together(slug):
    near = related(LESSONS[slug])
    for made in submissions(LESSONS[slug]):
        assert not any(near[name] & made.keys() for name in made)


def test_an_exercise_is_related_to_what_its_answers_use():
    near = related(LESSONS["attention"])
    assert near["MultiHeadAttention"] == {"split_heads", "masked_weights"}
    assert near["split_heads"] == {"MultiHeadAttention"}


def test_the_sample_is_the_same_until_a_source_changes(tmp_path, monkeypatch):
    lessons = {}
    for number in range(40):
        path = tmp_path / f"{number}.py"
        path.write_text("1", encoding="utf-8")
        lessons[str(number)] = SimpleNamespace(slug=str(number), path=path)
    monkeypatch.setattr(course_lessons, "LESSONS", lessons)
    first = [lesson.slug for lesson in sample(4)]
    assert first == [lesson.slug for lesson in sample(4)]
    assert first == sorted(first, key=int)
    for lesson in lessons.values():
        lesson.path.write_text("2", encoding="utf-8")
    assert [lesson.slug for lesson in sample(4)] != first
    assert len(sample(99)) == 40


@pytest.mark.parametrize(("seconds", "told"), [(61.0, True), (59.0, False)])
def test_the_table_flags_a_lesson_that_is_too_big_for_ci(seconds, told):
    lines: list[str] = []
    reporter = SimpleNamespace(section=lines.append, write_line=lines.append)
    row = {**dict.fromkeys(COLUMNS, 0.0), "run": seconds, "stock": 100.0}
    config = SimpleNamespace(stash={COSTS: {"attention": row}})
    pytest_terminal_summary(reporter, config)
    (line,) = [line for line in lines if line.startswith("attention")]
    assert line.split()[1] == f"{seconds:.1f}" and f"{seconds + 100:.1f}" in line
    assert ("runs over 60 s" in line) == told
