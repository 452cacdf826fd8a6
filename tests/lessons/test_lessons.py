"""Every lesson runs, every claim holds, every grader judges known answers rightly."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests import ROOT
from bmkit.course.grade import submission
from bmkit.course.report import run_report
from bmkit.course.run import runner
from bmkit.course.source.catalog import Course
from bmkit.course.build.notebooks import dumps
from bmkit.course.build.release import learner_notebook
from bmkit.course.source.loading import source_of
from bmkit.course.grade.session import Settings, grade
from bmkit.course.kernels import sandbox
from bmkit.course.run.progress import Board
from bmkit.course.run.worker import Result

pytestmark = pytest.mark.lessons
LESSONS = Course(ROOT).lessons()
SLUGS = [lesson.slug for lesson in LESSONS]
OUTPUT = ROOT / ".bmkit" / "test-report"
SECONDS = 60  # what a lesson may take at ci


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> dict[str, Result]:
    """All lessons at ci, afresh, side by side; the report is kept for CI."""
    os.environ["BMKIT_OFFLINE"] = "1"
    settings = runner.Settings(
        profile="ci",
        device="cpu",
        jobs=os.cpu_count() or 1,
        fresh=True,
        limit=300,
        store=Course(ROOT).state / "results",
    )
    began = time.time()
    with request.config.pluginmanager.getplugin(
        "capturemanager"
    ).global_and_fixture_disabled():
        print()
        done, _ = runner.run(LESSONS, settings, Board(SLUGS))
        _print_matrix(done)
    path = run_report.write(OUTPUT, done, settings, time.time() - began)
    print(f"report: {path}")
    return {result.slug: result for result in done}


def _print_matrix(done: list[Result]) -> None:
    """Every exercise's row: which known answers its check judged rightly."""
    for result in done:
        for grader in result.graders:
            cells = [
                f"{row['kind']}{'✓' if row['ok'] else '✗'}" for row in grader["rows"]
            ]
            print(f"  {result.slug}.{grader['exercise']}: {' '.join(cells)}")


@pytest.mark.parametrize("slug", SLUGS)
def test_it_runs_with_every_claim_held(results, slug):
    result = results[slug]
    if result.status == "skipped":
        pytest.skip(result.message)
    assert result.status == "passed", f"{result.message}\n{result.traceback}"


@pytest.mark.parametrize("slug", SLUGS)
def test_its_graders_judge_known_answers_rightly(results, slug):
    source = source_of(next(lesson for lesson in LESSONS if lesson.slug == slug))
    graders = [g for g in results[slug].graders if "equation" not in g]
    graded = {grader["exercise"]: grader for grader in graders}
    assert set(graded) == {cell.name for cell in source.exercises()}
    for name, grader in graded.items():
        for row in grader["rows"]:
            assert row["ok"], f"{name}: {row['kind']}: {row['message'] or 'passed'}"


@pytest.mark.parametrize("slug", SLUGS)
def test_a_wrong_sign_in_an_equation_is_noticed(results, slug):
    """After each equation cell its signs were turned round (`course.flips`)."""
    source = source_of(next(lesson for lesson in LESSONS if lesson.slug == slug))
    labels = {cell.name for cell in source.cells if cell.kind == "equation"}
    tried = {g["equation"]: g for g in results[slug].graders if "equation" in g}
    assert set(tried) == labels
    for label, grader in tried.items():
        for row in grader["rows"]:
            assert row["ok"], f"{label}: {row['kind']}: its check holds all the same"
        assert any(row["message"] for row in grader["rows"]), label


@pytest.mark.parametrize("slug", SLUGS)
def test_it_is_a_whole_lesson(results, slug):
    result = results[slug]
    source = source_of(next(lesson for lesson in LESSONS if lesson.slug == slug))
    assert 3 <= len(source.exercises()) <= 6
    claims = [claim for claim in result.claims if claim.get("kind") == "claim"]
    assert claims
    assert len(result.figures) >= 2
    assert all(figure["alt"] for figure in result.figures)


@pytest.mark.parametrize("slug", SLUGS)
def test_it_is_quick_enough_for_ci(results, slug):
    # Lessons run side by side on shared cores: twice the limit is a lesson too big,
    # less than that may be the machine.
    assert results[slug].seconds < 2 * SECONDS


@pytest.mark.parametrize("slug", SLUGS)
def test_its_answers_get_full_marks(slug, tmp_path):
    """The whole way: a notebook handed in, judged, points."""
    lesson = next(lesson for lesson in LESSONS if lesson.slug == slug)
    if runner._absent(lesson):
        pytest.skip("its packages are not installed")
    answers = {cell.name: cell.source for cell in source_of(lesson).exercises()}
    book = learner_notebook(lesson)
    for cell in book.cells:
        if cell["id"] in answers:
            cell.source = answers[cell["id"]]
    assert graded(book, tmp_path) == sum(book.metadata["bmkit"]["exercises"].values())


def graded(book, tmp_path: Path) -> float:
    path = tmp_path / "mine.ipynb"
    path.write_text(dumps(book), encoding="utf-8")
    settings = Settings(unsafe=bool(sandbox.missing()))
    result = grade(submission.read(path, LESSONS), settings)
    assert result.remarks == result.person == []
    return result.points


def test_there_is_a_report(results):
    assert Path(OUTPUT / "report.html").is_file()
