"""A whole round with stock nbgrader's exchange: what we grade, it takes on."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import default as exchange
from traitlets.config import Config

from bmkit.course.build import nbgrader_course
from bmkit.course.grade import receipt
from bmkit.course.grade.deadlines import Deadlines
from bmkit.course.grade.gradebook import default_url
from bmkit.course.grade.session import grade_all
from bmkit.course.kernels import forkserver_client
from bmkit.course.source.catalog import Course
from tests.conftest import TINY
from tests.grade.test_grade_all import RIGHT, SETTINGS, WRONG, Listener

pytestmark = [
    pytest.mark.filterwarnings("ignore:Passing unrecognized arguments"),
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]

LESSONS = Course(TINY).lessons()[:1]
SLUG = LESSONS[0].slug
ANSWERS = {"ann": RIGHT, "bob": WRONG, "cat": ""}
POINTS = {"ann": 2.0, "bob": 0.0, "cat": 0.0}


class Room:
    """A teacher's course folder, an exchange, and three students' homes."""

    def __init__(self, home: Path) -> None:
        self.home, self.course = home, home / "course"
        self.config = Config()
        self.config.CourseDirectory.course_id = "bmkit"
        self.config.Exchange.root = str(home / "exchange")
        (home / "exchange").mkdir(parents=True)
        (home / "exchange").chmod(0o777)
        nbgrader_course.write(self.course, LESSONS)

    def teacher(self) -> NbGraderAPI:
        config = Config(self.config)
        config.CourseDirectory.root = str(self.course)
        config.CourseDirectory.db_url = default_url(self.course)
        return NbGraderAPI(CourseDirectory(config=config), config=config)

    def student(self, name: str, step: str) -> Path:
        """Fetch, submit, or fetch feedback as one of the students."""
        mine = self.home / name
        mine.mkdir(exist_ok=True)
        config = Config(self.config)
        config.Exchange.cache = str(mine / "cache")
        config.CourseDirectory.assignment_id = SLUG
        kind = getattr(exchange, f"Exchange{step}")
        user = pytest.MonkeyPatch()
        with user.context() as patch, contextlib.chdir(mine):
            patch.setattr("nbgrader.utils.get_osusername", lambda: name)
            kind(
                coursedir=CourseDirectory(config=config),
                authenticator=Authenticator(config=config),
                config=config,
            ).start()
        return mine

    def hand_in(self, name: str, code: str) -> None:
        path = self.home / name / SLUG / f"{SLUG}.ipynb"
        book = json.loads(path.read_text(encoding="utf-8"))
        cell = next(cell for cell in book["cells"] if cell["id"] == "add")
        cell["source"] = code or cell["source"]
        path.write_text(json.dumps(book), encoding="utf-8")
        self.student(name, "Submit")

    def grade(self, **more) -> Listener:
        listener = Listener()
        settings = SETTINGS.__class__(**{**SETTINGS.__dict__, **more})
        grade_all(self.course, LESSONS, settings, listener)
        return listener

    def feedback(self, name: str) -> str:
        """What a student finds in the exchange."""
        home = self.student(name, "FetchFeedback") / SLUG
        (page,) = home.rglob("feedback/*/*.html")
        text = page.read_text(encoding="utf-8")
        shutil.rmtree(page.parent.parent)
        return text

    def points(self) -> dict[str, float]:
        with Gradebook(default_url(self.course)) as book:
            rows = book.assignment_submissions(SLUG)
            return {row.student.id: row.score for row in rows}


def done(result: dict) -> None:
    assert result["success"], result.get("log", "") + result.get("error", "")


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Room:
    """Released, fetched, submitted, collected and graded by us."""
    room = Room(tmp_path_factory.mktemp("round"))
    teacher = room.teacher()
    done(teacher.generate_assignment(SLUG))
    done(teacher.release_assignment(SLUG))
    for name, code in ANSWERS.items():
        room.student(name, "FetchAssignment")
        room.hand_in(name, code)
    done(teacher.collect(SLUG))
    assert sorted(room.grade().students) == sorted(ANSWERS)
    return room


@pytest.fixture
def room(graded, tmp_path) -> Room:
    """A copy to go on with."""
    shutil.copytree(graded.home, tmp_path / "round")
    copied = object.__new__(Room)
    copied.home, copied.course = tmp_path / "round", tmp_path / "round" / "course"
    copied.config = Config(graded.config)
    copied.config.Exchange.root = str(copied.home / "exchange")
    return copied


def test_our_feedback_goes_through_the_exchange(room):
    assert room.points() == POINTS
    done(room.teacher().release_feedback(SLUG))
    for name, points in POINTS.items():
        page = room.feedback(name)
        assert f"{points:g} of 2 points" in page
        assert all(f">{other}<" not in page for other in ANSWERS if other != name)


def test_handed_in_once_more_unchanged_its_feedback_is_found(room):
    """A new submission has a new secret; the same notebook is not graded again."""
    time.sleep(1.1)  # nbgrader tells submissions apart by the second
    room.student("ann", "Submit")
    done(room.teacher().collect(SLUG))
    assert room.grade().students == []
    done(room.teacher().release_feedback(SLUG))
    room.student("ann", "FetchFeedback")
    pages = list((room.home / "ann" / SLUG).rglob("feedback/*/*.html"))
    stamp = room.course / "submitted" / "ann" / SLUG / receipt.TIME
    assert stamp.read_text().strip() in {page.parent.name for page in pages}


def test_a_file_laid_there_by_hand_stops_no_release(room):
    """It has no time and no secret: nobody can fetch its page, all others can."""
    home = room.course / "submitted" / "dan" / SLUG
    shutil.copytree(room.course / "submitted" / "ann" / SLUG, home)
    for name in (receipt.TIME, receipt.SECRET):
        (home / name).unlink()
    assert room.grade().students == ["dan"]
    done(room.teacher().release_feedback(SLUG))
    assert "2 of 2 points" in room.feedback("ann")
    done(room.teacher().generate_feedback(SLUG, force=True))
    done(room.teacher().release_feedback(SLUG))


@pytest.mark.parametrize("force", [False, True])
def test_stock_feedback_goes_through_the_exchange(room, force):
    if not force:
        shutil.rmtree(room.course / "feedback")
    done(room.teacher().generate_feedback(SLUG, force=force))
    done(room.teacher().release_feedback(SLUG))
    for name, points in POINTS.items():
        assert f"(Score: {points} / 2.0)" in room.feedback(name)


def test_tables_of_both_stay(room):
    """`nbgrader export` writes grades.csv where it stands; ours has another name."""
    ours = room.course / "bmkit-grades.csv"
    before = ours.read_bytes()
    command = [sys.executable, "-m", "nbgrader", "export"]
    subprocess.run(command, cwd=room.course, check=True, capture_output=True)
    theirs = room.course / "grades.csv"
    rows = csv.DictReader(theirs.open(encoding="utf-8"))
    assert {row["student_id"]: float(row["score"]) for row in rows} == POINTS
    assert ours.read_bytes() == before
    exported = theirs.read_bytes()
    room.grade(fresh=True)
    assert theirs.read_bytes() == exported


def test_regraded_by_either(room):
    teacher = room.teacher()
    for name in ANSWERS:
        done(teacher.autograde(SLUG, name, force=True))
    assert room.points() == POINTS
    assert sorted(room.grade(fresh=True).students) == sorted(ANSWERS)
    assert room.points() == POINTS
    done(teacher.release_feedback(SLUG))
    assert "2 of 2 points" in room.feedback("ann")
    done(teacher.autograde(SLUG, "bob", force=True))
    done(teacher.generate_feedback(SLUG, force=True))
    done(teacher.release_feedback(SLUG))
    assert "(Score: 0.0 / 2.0)" in room.feedback("bob")


def test_what_lateness_costs_comes_back_after_stock_autograde(room):
    """And it is a part of the score that the book has: also of one given by hand."""
    when = datetime.now(UTC) - timedelta(hours=3)
    rules = Deadlines(due={SLUG: when}, percent_a_day=10)

    def cost() -> dict[str, float]:
        with Gradebook(default_url(room.course)) as book:
            rows = book.assignment_submissions(SLUG)
            return {one.student.id: one.late_submission_penalty for one in rows}

    room.grade(deadlines=rules)
    assert cost() == {"ann": 0.2, "bob": 0, "cat": 0}
    for name in ANSWERS:
        done(room.teacher().autograde(SLUG, name, force=True))
    assert cost()["ann"] == 0
    with Gradebook(default_url(room.course)) as book:
        book.find_grade("check-add", SLUG, SLUG, "bob").manual_score = 1.5
        book.db.commit()
    for step in ({}, {"fresh": True}, {}):
        room.grade(deadlines=rules, **step)
        assert cost() == pytest.approx({"ann": 0.2, "bob": 0.15, "cat": 0})


# Formgrader -------------------------------------------------------------------------


@contextlib.contextmanager
def formgrader(folder: Path) -> Iterator[str]:
    """Jupyter's server in a course folder; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser"]
    command += ["--allow-root", f"--port={port}", "--IdentityProvider.token=t"]
    command += ["--ServerApp.disable_check_xsrf=True"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    env = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    with subprocess.Popen(command, cwd=folder, env=env, **quiet) as server:
        try:
            yield f"http://127.0.0.1:{port}/formgrader"
        finally:
            server.terminate()


def ask(url: str, body: object = None, patience: float = 60) -> str:
    """GET, or PUT where there is something to put; waits for the server to start."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "token t", "Content-Type": "application/json"}
    request = urllib.request.Request(
        url, data, headers, method="PUT" if data else "GET"
    )
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(request, timeout=patience) as reply:
                return reply.read().decode()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def test_formgrader_loads_and_what_it_saves_survives(room):
    with formgrader(room.course) as base:
        notebooks = json.loads(ask(f"{base}/api/submitted_notebooks/{SLUG}/{SLUG}"))
        bob = next(one["id"] for one in notebooks if one["student"] == "bob")
        page = ask(f"{base}/submissions/{bob}/")
        words = re.sub("<[^>]+>", "", page)
        assert "return a - b" in words and "did you add?" in words
        (score,) = json.loads(ask(f"{base}/api/grades?submission_id={bob}"))
        comments = json.loads(ask(f"{base}/api/comments?submission_id={bob}"))
        assert score["auto_score"] == 0
        ask(f"{base}/api/grade/{score['id']}", {"manual_score": 1.5})
        said = next(one["id"] for one in comments if one["name"] == "add")
        ask(f"{base}/api/comment/{said}", {"manual_comment": "nearly"})
    for step in ({}, {"fresh": True}):
        room.grade(**step)
        assert room.points() == {**POINTS, "bob": 1.5}
        table = (room.course / "bmkit-grades.csv").read_text("utf-8-sig")
        assert f"bob,{SLUG},1.5," in table
        with Gradebook(default_url(room.course)) as book:
            found = book.find_comment("add", SLUG, SLUG, "bob")
            assert found.comment == "nearly"
    done(room.teacher().generate_feedback(SLUG, "bob", force=True))
    page = next((room.course / "feedback" / "bob").rglob("*.html")).read_text()
    assert "(Score: 1.5 / 2.0)" in page and "nearly" in page
