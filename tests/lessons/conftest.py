"""One pass over each selected lesson for all that it must show.

Work that takes long is begun once for every lesson that a selected test asks about,
side by side; a test waits for its own lesson and looks at what came of it.
"""

from __future__ import annotations

import concurrent.futures as futures
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bmkit.course.grade import nbgrader_engine
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.submission import Submission
from bmkit.course.report import registry, run_report
from bmkit.course.run import carry_on, execution, jobs, runner
from bmkit.course.run.progress import Board
from bmkit.course.run.result import Result
from bmkit.course.source.catalog import LANGS, Course, Lesson
from tests import ROOT
from tests.course_lessons import LESSONS
from tests.known_answers import differences, handed_in, judged, known_answers, misjudged
from tests.lesson_costs import COSTS

OUTPUT = ROOT / ".bmkit" / "test-report"
COLUMNS = {"matrix": "graders", "mutants": "mutants", "perturbed": "equations"}
CORES = os.cpu_count() or 1
# Stock nbgrader runs a whole lesson with a cold kernel for each submission.
SUBMISSIONS = 2


def selected(request: pytest.FixtureRequest) -> list[Lesson]:
    """The lessons of the selected tests that use the fixture which asks."""
    slugs = {
        item.callspec.params.get("slug")
        for item in request.session.items
        if hasattr(item, "callspec") and request.fixturename in item.fixturenames
    }
    return [lesson for slug, lesson in LESSONS.items() if slug in slugs]


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> dict[str, Result]:
    """The lessons at ci, afresh, side by side; the report is kept for CI."""
    os.environ["BMKIT_OFFLINE"] = "1"
    lessons = selected(request)
    settings = execution.Settings(
        profile="ci",
        device="cpu",
        jobs=CORES,
        fresh=True,
        limit=300,
        store=Course(ROOT).results,
    )
    began = time.time()
    with request.config.pluginmanager.getplugin(
        "capturemanager"
    ).global_and_fixture_disabled():
        print()
        done, _ = runner.run(lessons, settings, Board([x.slug for x in lessons]))
        _print_matrix(done)
    claims, seconds = registry.entries(Course(ROOT)), time.time() - began
    path = run_report.write(OUTPUT, done, settings, seconds, claims)
    print(f"report: {path}")
    costs = request.config.stash[COSTS]
    for result in done:
        for column, seconds in _shares(result).items():
            costs[result.slug][column] += seconds
    return {result.slug: result for result in done}


def _print_matrix(done: list[Result]) -> None:
    """Every exercise's row: which known answers its check judged rightly."""
    for result in done:
        for grader in result.graders:
            cells = [
                f"{row['kind']}{'✓' if row['ok'] else '✗'}" for row in grader["rows"]
            ]
            print(f"  {result.slug}.{grader['exercise']}: {' '.join(cells)}")


def _shares(result: Result) -> dict[str, float]:
    """A run's seconds: what tries the graders and the equations, and all the rest."""
    shares = {"graders": 0.0, "mutants": 0.0, "equations": 0.0}
    cells = json.loads(result.notebook)["cells"] if result.notebook else []
    for cell in cells:
        metadata = cell["metadata"]
        ours = metadata.get("bmkit", {})
        column = next((COLUMNS[key] for key in COLUMNS if key in ours), "")
        if column:
            shares[column] += metadata.get("papermill", {}).get("duration") or 0.0
    return {**shares, "run": result.seconds - sum(shares.values())}


@pytest.fixture(scope="session")
def carried(request: pytest.FixtureRequest) -> dict[str, list[Result]]:
    """The lessons at ci with their variants in place of their answers.

    One that has not changed since all this passed is not run again.
    """
    os.environ["BMKIT_OFFLINE"] = "1"
    lessons = selected(request)
    store = Course(ROOT).results
    settings = execution.Settings(device="cpu", jobs=CORES, limit=300, store=store)
    found = {}
    with request.config.pluginmanager.getplugin(
        "capturemanager"
    ).global_and_fixture_disabled():
        names = [name for lesson in lessons for name in carry_on.names(lesson)]
        done, _ = carry_on.run(lessons, settings, Board(names))
    for lesson in lessons:
        mine = {*carry_on.names(lesson), lesson.slug}
        found[lesson.slug] = [one for one in done if one.slug in mine]
        seconds = sum(x.seconds for x in found[lesson.slug] if x.status != "unchanged")
        request.config.stash[COSTS][lesson.slug]["variants"] += seconds
    return found


Waiting = dict[str, futures.Future[list[str]]]


@pytest.fixture(scope="session")
def judgings(request, cost, tmp_path_factory) -> Iterator[Waiting]:
    """For each lesson, what the judge gets wrong of all that its source knows."""

    def judging(lesson: Lesson, folder: Path) -> list[str]:
        with cost(lesson.slug, "judging"):
            return [line for lang in LANGS for line in misjudged(lesson, folder, lang)]

    with futures.ThreadPoolExecutor(CORES) as pool:
        yield {
            lesson.slug: pool.submit(
                judging, lesson, tmp_path_factory.mktemp(lesson.slug)
            )
            for lesson in selected(request)
            if not jobs.absent(lesson)
        }
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def comparisons(request, cost, tmp_path_factory) -> Iterator[Waiting]:
    """For each lesson, how the judge's points differ from stock nbgrader's."""
    spawn = multiprocessing.get_context("spawn")

    def compared(lesson: Lesson, folder: Path) -> list[str]:
        with cost(lesson.slug, "stock"):
            return [
                line
                for made in _mixed(lesson, folder, request.config)
                for line in differing(made, stock)
            ]

    with (
        futures.ProcessPoolExecutor(CORES, spawn) as stock,
        futures.ThreadPoolExecutor(CORES) as pool,
    ):
        yield {
            lesson.slug: pool.submit(
                compared, lesson, tmp_path_factory.mktemp(lesson.slug)
            )
            for lesson in selected(request)
            if not jobs.absent(lesson)
        }
        pool.shutdown(cancel_futures=True)


def _mixed(lesson: Lesson, folder: Path, config: pytest.Config) -> list[Submission]:
    """Each takes one known answer for every exercise, a different kind of each."""
    known = known_answers(lesson)
    every = config.getoption("all_stock")
    made = []
    for number in range(max(map(len, known.values())) if every else SUBMISSIONS):
        answers = {
            name: ways[(number + place) % len(ways)].code
            for place, (name, ways) in enumerate(known.items())
        }
        made.append(handed_in(lesson, answers, folder / f"{number}.ipynb"))
    return made


def differing(made: Submission, stock: futures.Executor) -> list[str]:
    """How the judge's verdict on a submission differs from stock's."""
    theirs = stock.submit(by_stock, made).result()
    if theirs.person:  # two that start at once may choose one port for a kernel
        theirs = stock.submit(by_stock, made).result()
    ours = judged(made)
    return [f"{made.path}: {x}" for x in [*differences(ours, theirs), *ours.person]]


def by_stock(made: Submission) -> Verdict:
    """Stock's verdict, in a process of its own: it changes the whole process."""
    return nbgrader_engine.grade(made, timeout=600)
