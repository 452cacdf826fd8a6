"""Every hostile notebook of `tests/attacks` gets what it deserves and harms nobody.

Each is graded twice at one time, beside honest notebooks, in one sandbox; what it
printed, its points, the honest ones' points and all that is left behind are looked at.
"""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import dataclasses
import hashlib
import json
import os
import socket
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from bmkit.course.build.notebooks import dumps
from bmkit.course.grade import (
    feedback,
    gradebook,
    notebook_file,
    session,
    submission,
)
from bmkit.course.grade.judge.job import make_job
from bmkit.course.grade.judge.judge import Job, judge
from bmkit.course.grade.judge.worker import preload
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.settings import Settings
from bmkit.course.kernels import memory_group, sandbox
from bmkit.course.kernels.forkserver_client import ForkServer
from bmkit.course.kernels.limits import Limits
from bmkit.course.report import harmless
from bmkit.course.report.sanitize import seen
from bmkit.course.source.catalog import Course, Lesson
from tests import ROOT
from tests.attacks import files, harness

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(
        bool(sandbox.missing()), reason=sandbox.missing() or "there is a sandbox"
    ),
]
SECRET = "the-grader's-own-word"
TIGHT = Limits(
    memory=512,
    processes=24,
    open_files=256,
    file_size=32,
    disk=16,
    output=1,
    cell_seconds=1,
    total_seconds=6,
)
HONEST = 11
MAY_BE_SHOWN = {"text/plain", "text/html", "image/png", "image/jpeg", harmless.WIDGET}
ATTACKS = harness.attacks()


@dataclass
class Place:
    """Where grading goes on: what a notebook would like to reach, and the sandbox."""

    home: Path
    port: int
    lessons: list[Lesson]
    warm: ForkServer
    room: Path
    written: gradebook.Book
    honest: Job
    calls: list[object]

    @property
    def book(self) -> Path:
        return self.home / "gradebook.db"

    def job(self, book) -> Job:
        """What judging a notebook takes."""
        path = self.home / f"{threading.get_ident()}.ipynb"
        path.write_text(dumps(book), encoding="utf-8")
        try:
            return make_job(submission.read(path, self.lessons), student="somebody")
        finally:
            path.unlink()

    def alive(self) -> set[int]:
        """All the processes there are below this one."""
        return {process.pid for process in psutil.Process().children(recursive=True)}

    def outside(self) -> dict[str, str]:
        """Everything in the grader's folder, by the hash of what it holds."""
        files = sorted(path for path in self.home.rglob("*") if path.is_file())
        hashes = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
        strays = [*Path("/tmp").glob("bmkit-attack*"), *Path("/tmp").glob("meeting-*")]
        return hashes | {str(path): "stray" for path in strays}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("grader")
    with contextlib.closing(sqlite3.connect(home / "gradebook.db")) as book:
        book.execute("create table grade (student, points)")
        book.execute("insert into grade values (?, 3)", (SECRET,))
        book.commit()
    (home / "submitted" / "other" / "target").mkdir(parents=True)
    (home / "submitted" / "other" / "target" / "target.ipynb").write_text(SECRET)
    lessons = Course(harness.COURSE).lessons()
    calls: list[object] = []
    os.environ["GRADER_SECRET"] = SECRET
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(1) as unix:
        port = tcp.getsockname()[1]
        unix.bind(f"\0bmkit-attack-{port}")
        unix.listen()
        for server in (tcp, unix):
            threading.Thread(target=_count, args=(server, calls), daemon=True).start()
        with ForkServer(preload(lessons[0]), jailed=True) as warm:
            warm.wait_ready()
            room = tmp_path_factory.mktemp("room")
            with gradebook.Book(gradebook.default_url(room)) as written:
                written.prepare(lessons[0], "en")
                made = Place(home, port, lessons, warm, room, written, None, calls)
                made.honest = made.job(harness.right_book())
                yield made
    del os.environ["GRADER_SECRET"]


def _count(server: socket.socket, calls: list[object]) -> None:
    with contextlib.suppress(OSError):
        while True:
            calls.append(server.accept())


def soon(true, seconds: float = 20) -> bool:
    """Whether ``true()`` comes true in this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not true():
        time.sleep(0.02)
    return bool(true())


def graded(place: Place, hostile: Job) -> tuple[list[Verdict], list[Verdict]]:
    """The hostile notebook twice at one time, and honest ones beside it."""
    with futures.ThreadPoolExecutor(3) as pool:
        bad = [pool.submit(judge, hostile, place.warm, TIGHT) for _ in range(2)]
        good = [
            pool.submit(judge, place.honest, place.warm, Limits())
            for _ in range(HONEST)
        ]
        return [one.result() for one in bad], [one.result() for one in good]


def record(place: Place, verdict: Verdict) -> None:
    """Write all that grading a room writes; no text of a stranger's may prevent it."""
    kept = gradebook.write_notebook(place.room, verdict, "").read_text("utf-8")
    for cell in json.loads(kept, parse_constant=pytest.fail)["cells"]:
        for output in cell.get("outputs", []):
            assert output.get("data", {}).keys() <= MAY_BE_SHOWN
            assert "<script" not in output.get("data", {}).get("text/html", "")
    page = feedback.write(place.room, verdict).read_text(encoding="utf-8")
    assert SECRET not in page
    place.written.record(verdict, "")
    (found,) = [v for v in place.written.verdicts() if v.student == verdict.student]
    assert (found.points, bool(found.person)) == (verdict.points, bool(verdict.person))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_contained(attack, place):
    if attack.needs == harness.GROUP and memory_group.nowhere():
        pytest.skip("no memory cgroup can be made here")
    book = harness.notebook(
        attack,
        PORT=place.port,
        SECRETS=place.home,
        ROOT=ROOT,
        WORD=SECRET[::-1],  # its own text is none of its finds
    )
    hostile = place.job(book)
    alive, outside = place.alive(), place.outside()
    bad, good = graded(place, hostile)
    assert [problem for one in bad for problem in harness.broken(attack, one)] == []
    for one in bad:
        assert SECRET not in one.dumps()
        told = [*(mark.message for mark in one.marks), *one.person, *one.remarks]
        assert told == [seen(text) for text in told], "it reaches the terminal"
        assert len(one.dumps()) < 4 * TIGHT.output * 2**20, "kept more than was allowed"
    record(place, bad[0])
    assert [(one.points, one.person) for one in good] == [(10.0, [])] * HONEST
    assert soon(lambda: place.alive() <= alive), "processes are left"
    assert place.outside() == outside, "files outside were changed"
    assert place.calls == [], "something called from inside"


def test_every_header_says_what_is_checked():
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names)) > 60
    for attack in ATTACKS:
        assert attack.cells, f"{attack.name} does nothing"
        assert attack.tries and attack.must
        assert attack.needs in ("", harness.GROUP)


def test_the_table_is_in_step():
    text = (harness.HERE / "README.md").read_text(encoding="utf-8")
    assert text == harness.table(ATTACKS, files.FILES), (
        "write it anew: python -m tests.attacks"
    )


@pytest.mark.parametrize("trick", files.FILES, ids=lambda trick: trick.name)
def test_a_trick_with_the_file_is_contained(trick, place, tmp_path):
    right = json.loads(dumps(harness.right_book()))
    path = trick.make(tmp_path, right)
    began = time.monotonic()
    try:
        handed = submission.read(path, place.lessons)
    except notebook_file.NotGradable as error:
        assert trick.points is None, f"refused: {error}"
        assert "\n" not in str(error)
        return
    verdict = judge(make_job(handed, student="somebody"), place.warm, Limits())
    assert verdict.points == trick.points
    record(place, verdict)
    assert time.monotonic() - began < 45


class Listener:
    """Hears and says nothing."""

    def expecting(self, count: int, done: int) -> None: ...

    def graded(self, verdict: Verdict) -> None: ...

    def refused(self, refused: object) -> None: ...

    def noted(self, note: object) -> None: ...


def test_a_room_is_graded_whatever_is_among_it(place, tmp_path):
    right = dumps(harness.right_book())
    for number in range(HONEST):
        (tmp_path / f"honest{number}.ipynb").write_text(right, encoding="utf-8")
    rude = {"survives-its-parent", "os-exit-in-cell", "forges-odd-text", "fork-bomb"}
    for attack in ATTACKS:
        if attack.name in rude:
            book = dumps(harness.notebook(attack))
            (tmp_path / f"{attack.name}.ipynb").write_text(book, encoding="utf-8")
    for number, trick in enumerate(files.FILES):
        (tmp_path / f"trick{number}").mkdir()
        trick.make(tmp_path / f"trick{number}", json.loads(right))
    # Honest work has the same limits here: time enough on a machine that is busy.
    patient = dataclasses.replace(TIGHT, cell_seconds=20, total_seconds=120)
    settings = Settings(jobs=2, limits=patient)
    outcome = session.grade_all(tmp_path, place.lessons, settings, Listener())
    handed = HONEST + len(rude) + len(files.FILES)
    assert outcome.graded + len(outcome.refused) == handed
    with gradebook.Book(gradebook.default_url(tmp_path)) as book:
        told = {v.student: (v.points, v.person, v.remarks) for v in book.verdicts()}
    honest = [told[f"honest{number}"] for number in range(HONEST)]
    assert honest == [(10.0, [], [])] * HONEST
    assert "alert(" not in outcome.page.read_text(encoding="utf-8")
