"""Claims hold on the real data and on the stand-ins, at the profile that learners open.

    BMKIT_MIRROR=FOLDER python3 -m bmkit test -m real

These tests run only where `-m` names them: each lesson with data is run twice at
workshop. What has not changed since it passed is not run again.
"""

from __future__ import annotations

import os

import pytest

from bmkit import data
from bmkit.course.run import execution, runner
from bmkit.course.run.progress import Board
from bmkit.course.run.result import Result
from bmkit.course.source.catalog import Course
from tests import ROOT
from tests.course_lessons import LESSONS
from tests.lessons.conftest import CORES, selected

pytestmark = [pytest.mark.real, pytest.mark.lessons]
WITH_DATA = [slug for slug, lesson in LESSONS.items() if lesson.data]
LIMIT = 1200  # seconds: a lesson's five minutes, on a machine that has more to do


def ran(request, folder, mirror: str | None) -> dict[str, Result]:
    """The selected lessons at workshop, with nothing at hand but the mirror, if any."""
    lessons = selected(request)
    settings = execution.Settings(
        profile="workshop",
        device="cpu",
        jobs=CORES,
        limit=LIMIT,
        store=Course(ROOT).results,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BMKIT_OFFLINE", "1")
        patch.setenv("BMKIT_CACHE", str(folder))
        patch.delenv("BMKIT_MIRROR", raising=False)
        if mirror:
            patch.setenv("BMKIT_MIRROR", mirror)
            for lesson in lessons:
                used = data.hashes(lesson.data, "workshop").values()
                assert all(x.startswith("real:") for x in used), (
                    f"BMKIT_MIRROR has not all of {lesson.data}: "
                    "`bmkit data list` says where each set is"
                )
        with request.config.pluginmanager.getplugin(
            "capturemanager"
        ).global_and_fixture_disabled():
            names = [lesson.slug for lesson in lessons]
            done, _ = runner.run(lessons, settings, Board(names))
    return {result.slug: result for result in done}


@pytest.fixture(scope="session")
def on_real_data(request, tmp_path_factory) -> dict[str, Result]:
    mirror = os.environ.get("BMKIT_MIRROR")
    if not mirror:
        pytest.skip("BMKIT_MIRROR names no folder of real data")
    return ran(request, tmp_path_factory.mktemp("cache"), mirror)


@pytest.fixture(scope="session")
def on_stand_ins(request, tmp_path_factory) -> dict[str, Result]:
    return ran(request, tmp_path_factory.mktemp("cache"), None)


def demand_good(result: Result) -> None:
    if result.status == "skipped":
        pytest.skip(result.message)
    false = [claim for claim in result.claims if not claim["holds"]]
    assert not false, "\n".join(
        f"{claim['text']}: {claim['why']}: {claim['numbers']}" for claim in false
    )
    assert result.good, f"{result.message}\n{result.traceback}"


@pytest.mark.parametrize("slug", WITH_DATA)
def test_its_claims_hold_on_the_real_data(on_real_data, slug):
    demand_good(on_real_data[slug])


@pytest.mark.parametrize("slug", WITH_DATA)
def test_its_claims_hold_on_the_stand_ins(on_stand_ins, slug):
    demand_good(on_stand_ins[slug])
