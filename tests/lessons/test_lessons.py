"""Every lesson runs, every claim holds, every grader judges known answers rightly."""

from __future__ import annotations

import pytest

from bmkit.course.build import facts
from bmkit.course.kernels import forkserver_client
from bmkit.course.run.result import Result
from bmkit.course.source import lint
from bmkit.course.source.loading import source_of
from tests.course_lessons import LESSONS, each_lesson, sample
from tests.lessons.conftest import OUTPUT

pytestmark = pytest.mark.lessons
forks = pytest.mark.skipif(
    not forkserver_client.supported(), reason="forking warm processes needs Linux"
)
EXCUSED = 0.05  # of a lesson's mutants at most
SAMPLE = 4  # lessons that are compared with stock nbgrader, unless --all-stock


def ran(results: dict[str, Result], slug: str) -> Result:
    """The lesson's result; skips the test where its packages are not installed."""
    if results[slug].status == "skipped":
        pytest.skip(results[slug].message)
    return results[slug]


@each_lesson
def test_it_runs_with_every_claim_held(results, slug):
    result = ran(results, slug)
    assert result.status == "passed", f"{result.message}\n{result.traceback}"


@each_lesson
def test_its_graders_judge_known_answers_rightly(results, slug):
    source = source_of(LESSONS[slug])
    graded = {grader["exercise"]: grader for grader in ran(results, slug).graders}
    assert set(graded) == {cell.name for cell in source.exercises()}
    for name, grader in graded.items():
        for row in grader["rows"]:
            assert row["ok"], f"{name}: {row['kind']}: {row['message'] or 'passed'}"


@each_lesson
def test_its_checks_catch_every_mutant(results, slug):
    """Those of its references, or the source says why one is right: few at that."""
    result = ran(results, slug)
    exercises = {cell.name for cell in source_of(LESSONS[slug]).exercises()}
    assert {one["exercise"] for one in result.mutants} == exercises
    for one in result.mutants:
        assert not one["skipped"] or "cannot be forked" in one["skipped"]
    wrong = [
        f"{name}: {row['kind']}: {row['title']}"
        for name, rows in result.mutants_wrong.items()
        for row in rows
    ]
    assert not wrong, "\n".join(wrong)
    told = result.mutants_told
    assert told["excused"] <= EXCUSED * told["made"], told


@each_lesson
def test_its_equations_notice_every_change(results, slug):
    """Or the source says why one need not be noticed (`run.inside.equations`)."""
    source, result = source_of(LESSONS[slug]), ran(results, slug)
    labels = {cell.name for cell in source.cells if cell.kind == "equation"}
    assert {one["exercise"] for one in result.equations} == labels
    for one in result.equations:
        assert one["caught"] or "cannot be forked" in one["skipped"], one
    wrong = [
        f"{label}: {row['kind']}: {row['title']}"
        for label, rows in result.equations_wrong.items()
        for row in rows
    ]
    assert not wrong, "\n".join(wrong)


@each_lesson
def test_its_words_are_introduced_before_they_are_used(slug):
    told = facts.early(list(LESSONS.values()))
    mine = [str(one) for one in told if one.path == LESSONS[slug].path]
    assert not mine, "\n".join(mine)


@each_lesson
def test_it_is_a_whole_lesson(results, slug):
    result = ran(results, slug)
    lacks = [note.message for note in lint.own(source_of(LESSONS[slug])) if note.note]
    assert lacks == []
    assert [claim for claim in result.claims if claim.get("kind") == "claim"]
    assert len(result.figures) >= 2
    assert all(figure["alt"] for figure in result.figures)


@each_lesson
def test_every_variant_carries_on(carried, slug):
    """Each put in place of the answer, and the rest of the lesson run with it."""
    for result in carried[slug]:
        if result.status == "skipped":
            pytest.skip(result.message)
        assert result.good, f"{result.slug}: {result.message}\n{result.traceback}"
    assert carried[slug]


def test_there_is_a_report(results):
    assert (OUTPUT / "report.html").is_file()


@forks
@each_lesson
def test_every_known_answer_is_judged_rightly(judgings, slug):
    """The whole way, in both languages: notebooks handed in, judged, points."""
    if slug not in judgings:
        pytest.skip("its packages are not installed")
    wrong = judgings[slug].result()
    assert not wrong, "\n".join(wrong)


def pytest_generate_tests(metafunc):
    """Stock nbgrader's opinion is asked about some lessons, or about all."""
    if "comparisons" in metafunc.fixturenames:
        every = metafunc.config.getoption("all_stock")
        lessons = sample(len(LESSONS) if every else SAMPLE)
        metafunc.parametrize("slug", [lesson.slug for lesson in lessons])


@forks
@pytest.mark.integration
def test_the_same_points_as_stock_for_known_answers(comparisons, slug):
    if slug not in comparisons:
        pytest.skip("its packages are not installed")
    found = comparisons[slug].result()
    assert not found, "\n".join(found)
