"""A grader that stays says what grading says, to its user alone, and not for long."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bmkit.course.build import cache
from bmkit.course.grade import standby
from bmkit.course.grade.judge import worker
from bmkit.course.grade.judge.job import Job, make_job
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.session import grade
from bmkit.course.grade.settings import Settings
from bmkit.course.json_values import shaped
from bmkit.course.kernels import environment, sandbox
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import Course
from tests.known_answers import handed_in

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "-"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for sockets of this test's own."""
    name = f"bmkit-test-{os.getpid()}-{tmp_path.name[-8:]}"
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(standby.tempfile, "tempdir", None)
    monkeypatch.setattr(cache, "BEGAN", time.time() + 60)
    cache.kit.cache_clear()
    yield folder
    cache.kit.cache_clear()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@pytest.fixture
def made(course: Path, tmp_path: Path):
    (lesson, _) = Course(course).lessons()
    answer = "def add(a, b):\n    return a * b"
    return handed_in(lesson, {"add": answer}, tmp_path / "mine.ipynb")


def soon(true: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


@pytest.fixture
def begun(home: Path) -> Iterator[Callable[[float], subprocess.Popen[bytes]]]:
    """Starts a grader that stands by, for so many seconds without work."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(idle: float) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "bmkit.course.grade.standby", str(idle)]
        env = {**os.environ, **environment.paths()}
        started.append(subprocess.Popen(words, env=env))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def plain(verdict: Verdict) -> Verdict:
    return dataclasses.replace(verdict, seconds=0.0)


def asked(made) -> tuple[Job, tuple[str, ...], Limits]:
    return make_job(made), worker.preload(made.lesson), Limits()


def test_a_job_is_the_same_after_its_journey(made):
    job = make_job(made)
    assert shaped(json.loads(json.dumps(dataclasses.asdict(job))), Job) == job


@pytest.mark.slow
def test_it_says_what_is_said_without_it_and_ends_by_itself(begun, made):
    assert standby.ask(*asked(made)) is None
    direct = grade(made)
    process = begun(8)
    assert soon(lambda: standby.address().exists())
    found = standby.ask(*asked(made))
    assert found is not None and plain(found) == plain(direct)
    assert found.points == 0 and "did you add?" in found.marks[0].message
    family = psutil.Process(process.pid).children(recursive=True)
    assert family  # the forking process stays warm
    assert process.wait(120) == 0
    assert soon(lambda: not any(child.is_running() for child in family))
    assert not standby.address().exists()


@pytest.mark.slow
def test_it_is_started_where_it_is_asked_for_and_then_found(home, made, monkeypatch):
    monkeypatch.setattr(standby, "IDLE", 10.0)
    assert grade(made, Settings(keep_warm=True)).points == 0
    assert standby.address().exists()

    def forbidden(*_):
        raise AssertionError("judged in this process")

    monkeypatch.setattr(worker, "judge_job", forbidden)
    assert grade(made).points == 0  # no flag: it is there
    assert soon(lambda: not standby.address().exists())


def test_one_that_cannot_begin_costs_no_grade(home, made, monkeypatch):
    monkeypatch.setattr(standby.sys, "executable", "/bin/false")
    verdict = standby.ask(*asked(made), begin=True)
    assert verdict is None
    assert not standby.address().exists()


def test_code_that_changed_is_not_asked(home, monkeypatch):
    before = standby.address()
    with monkeypatch.context() as patch:
        patch.setattr(cache, "kit", lambda: "other code")
        assert standby.address() != before


def test_a_socket_that_nobody_listens_on_is_no_grader(home, made):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(standby.address()))
    assert standby.ask(*asked(made)) is None
    assert grade(made).points == 0


def test_a_request_that_makes_no_sense_ends_nothing(begun, made):
    begun(60)
    assert soon(lambda: standby.address().exists())
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.connect(str(standby.address()))
        channel.sendall(b"nonsense")
        channel.shutdown(socket.SHUT_WR)
        assert channel.recv(10) == b""
    assert standby.ask(*asked(made)) is not None


def test_its_folder_is_the_users_alone(home, made):
    folder = standby.address().parent
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)  # as one that somebody else laid there
    with pytest.raises(PermissionError):
        standby.address()
    assert standby.ask(*asked(made)) is None
    folder.rmdir()
    folder.symlink_to(home)
    with pytest.raises(PermissionError):
        standby.address()
    folder.unlink()
