"""A room's work: parallel, resumable, one bad file stops nothing, all of it written."""

from __future__ import annotations

import contextlib
import copy
import csv
import errno
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bmkit.course.build import notebooks, release
from bmkit.course.grade import feedback, gradebook, room
from bmkit.course.grade.database import RowError
from bmkit.course.grade.gradebook import Book, default_url
from bmkit.course.grade.judge import worker
from bmkit.course.grade.session import CannotGrade, grade_all
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.student_names import student_id
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.source.catalog import Course
from tests import ROOT, postgres

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]

UNSAFE = bool(sandbox.missing())
SETTINGS = Settings(jobs=2, unsafe=UNSAFE)
RIGHT = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return a - b"
AGAIN = """
import sys
from pathlib import Path
from bmkit.course.source.catalog import Course
from bmkit.course.grade.session import grade_all
from bmkit.course.grade.settings import Settings

class Printer:
    def expecting(self, count, done): print("known", done, flush=True)
    def graded(self, verdict): print("graded", verdict.student, flush=True)
    def refused(self, refused): print("refused", refused, flush=True)
    def noted(self, note): print("noted", note, flush=True)

folder, course, unsafe = sys.argv[1:]
settings = Settings(jobs=2, unsafe=unsafe == "True")
grade_all(Path(folder), Course(Path(course)).lessons(), settings, Printer())
"""


class Listener:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.students: list[str] = []
        self.refusals: list[str] = []
        self.notes: list[str] = []
        self.known = 0

    def expecting(self, count: int, done: int) -> None:
        self.known = done

    def graded(self, verdict) -> None:
        self.students.append(verdict.student)

    def refused(self, refused) -> None:
        self.refusals.append(str(refused))

    def noted(self, note) -> None:
        self.notes.append(str(note))


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("tiny") / "course"
    shutil.copytree(ROOT / "tests" / "course", root)
    return root


@pytest.fixture(scope="module")
def lessons(course):
    return Course(course).lessons()


def notebook(lessons, code: str) -> str:
    book = copy.deepcopy(release.learner_notebook(lessons[0]))
    next(cell for cell in book.cells if cell["id"] == "add").source = code
    return notebooks.dumps(book)


def hand_in(folder: Path, student: str, text: str) -> Path:
    home = folder / "submitted" / student / "adding"
    home.mkdir(parents=True, exist_ok=True)
    path = home / "adding.ipynb"
    path.write_text(text, encoding="utf-8")
    return path


def points(folder: Path, url: str = "") -> dict[str, float]:
    with Book(url or default_url(folder)) as book:
        return {verdict.student: verdict.points for verdict in book.verdicts()}


def test_verdicts_that_cannot_be_read_stop_no_room(lessons, tmp_path):
    """Of another version, or no verdict: graded anew, or told as that student's."""
    for student in ("ann", "bob", "cat"):
        hand_in(tmp_path, student, notebook(lessons, RIGHT))
    grade_all(tmp_path, lessons, SETTINGS, Listener())
    database = sqlite3.connect(tmp_path / "gradebook.db")
    with contextlib.closing(database), database:
        change = "UPDATE bmkit_verdict SET verdict = ? WHERE student = ?"
        later = '{"version": 99, "student": "bob", "slug": "adding"}'
        database.executemany(change, [("{}", "ann"), (later, "bob"), ("{}", "cat")])
    shutil.rmtree(tmp_path / "submitted" / "cat")
    listener = Listener()
    outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
    assert sorted(listener.students) == ["ann", "bob"] and outcome.graded == 2
    (line,) = listener.refusals
    assert "cat" in line and "cannot be read" in line
    assert points(tmp_path) == {"ann": 2.0, "bob": 2.0}
    assert "cat" in (tmp_path / "room.html").read_text(encoding="utf-8")


def test_a_room_is_graded_and_everything_written(lessons, tmp_path):
    for number in range(6):
        code = RIGHT if number % 2 else WRONG
        hand_in(tmp_path, f"s{number}", notebook(lessons, code))
    hand_in(tmp_path, "broken", "{")
    (tmp_path / "submitted" / "linked").symlink_to(tmp_path / "submitted" / "s1")
    listener = Listener()
    theirs = tmp_path / "nbgraders.csv"
    settings = Settings(jobs=2, unsafe=UNSAFE, export=theirs)
    outcome = grade_all(tmp_path, lessons, settings, listener)
    assert outcome.graded == 6
    exported = list(csv.DictReader(theirs.open(encoding="utf-8")))
    scores = {row["student_id"]: float(row["score"]) for row in exported}
    assert scores == {f"s{n}": 2.0 * (n % 2) for n in range(6)}
    assert sorted(listener.students) == [f"s{number}" for number in range(6)]
    assert points(tmp_path) == {f"s{n}": 2.0 * (n % 2) for n in range(6)}
    told = "\n".join(listener.refusals)
    assert "ends too early" in told
    assert "linked" in told
    rows = list(csv.DictReader(outcome.table.open(encoding="utf-8-sig")))
    assert len(rows) == 6
    page = outcome.page.read_text(encoding="utf-8")
    assert "did you add?" in page
    for number in range(6):
        home = Path(f"s{number}", "adding")
        assert (tmp_path / "autograded" / home / "adding.ipynb").is_file()
        assert (tmp_path / "feedback" / home / "adding.html").is_file()


def test_what_is_known_is_not_graded_again_and_what_changed_is(lessons, tmp_path):
    for student in ("ada", "bob"):
        hand_in(tmp_path, student, notebook(lessons, WRONG))
    grade_all(tmp_path, lessons, SETTINGS, Listener())
    hand_in(tmp_path, "bob", notebook(lessons, RIGHT))
    listener = Listener()
    outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
    assert (listener.students, outcome.known) == (["bob"], 1)
    assert points(tmp_path) == {"ada": 0.0, "bob": 2.0}


def test_a_flat_folder_is_read_too(lessons, tmp_path):
    for student, code in (("ada", RIGHT), ("bob", WRONG)):
        text = notebook(lessons, code)
        (tmp_path / f"{student}.ipynb").write_text(text, encoding="utf-8")
    grade_all(tmp_path, lessons, SETTINGS, Listener())
    assert points(tmp_path) == {"ada": 2.0, "bob": 0.0}
    listener = Listener()
    grade_all(tmp_path, lessons, SETTINGS, listener)
    assert (listener.students, listener.known) == ([], 2)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_loses_nothing(course, lessons, tmp_path):
    count = 16
    for number in range(count):
        code = f"{RIGHT}  # {number}" if number % 2 else WRONG
        hand_in(tmp_path, f"s{number:02}", notebook(lessons, code))
    words = [sys.executable, "-c", AGAIN, str(tmp_path), str(course), str(UNSAFE)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    graded: list[str] = []
    for stop in (1, 4, 9):  # after so many in all
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, env=environment
        )
        for line in process.stdout:
            if line.startswith("graded"):
                graded.append(line.split()[1])
            if len(graded) >= stop:
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        process.wait()
    done = subprocess.run(
        words, capture_output=True, text=True, env=environment, check=True
    )
    graded += [x.split()[1] for x in done.stdout.splitlines() if x[:6] == "graded"]
    assert len(graded) == len(set(graded)), "one was graded twice"
    assert points(tmp_path) == {f"s{n:02}": 2.0 * (n % 2) for n in range(count)}


@pytest.mark.slow
def test_a_killed_grading_leaves_no_process(course, lessons, tmp_path):
    import psutil

    hand_in(
        tmp_path, "slow", notebook(lessons, f"import time\ntime.sleep(30)\n{RIGHT}")
    )
    words = [sys.executable, "-c", AGAIN, str(tmp_path), str(course), str(UNSAFE)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment)
    family: list[psutil.Process] = []
    until = time.monotonic() + 60
    while len(family) < 3 and time.monotonic() < until:
        family = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.2)
    assert len(family) >= 3, "it never began to grade"
    process.kill()
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_a_real_postgresql_is_as_good(lessons, tmp_path):
    with postgres.server() as url:
        for student, code in (("ada", RIGHT), ("bob", WRONG)):
            hand_in(tmp_path, student, notebook(lessons, code))
        theirs = tmp_path / "nbgraders.csv"
        settings = Settings(jobs=2, unsafe=UNSAFE, book=url, export=theirs)
        assert grade_all(tmp_path, lessons, settings, Listener()).graded == 2
        assert points(tmp_path, url) == {"ada": 2.0, "bob": 0.0}
        assert len(theirs.read_text(encoding="utf-8").splitlines()) == 3
        assert grade_all(tmp_path, lessons, settings, Listener()).known == 2


@pytest.mark.slow
def test_a_cluster_grades(lessons, tmp_path):
    """A scheduler and two workers, as processes of their own."""
    from distributed import LocalCluster

    for number in range(4):
        code = RIGHT if number % 2 else WRONG
        hand_in(tmp_path, f"s{number}", notebook(lessons, code))
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        settings = Settings(jobs=2, unsafe=UNSAFE, cluster=cluster.scheduler_address)
        assert grade_all(tmp_path, lessons, settings, Listener()).graded == 4
    assert points(tmp_path) == {f"s{n}": 2.0 * (n % 2) for n in range(4)}


def test_no_folder_gets_one_line(lessons, tmp_path):
    with pytest.raises(CannotGrade, match="no such file"):
        grade_all(tmp_path / "nothing", lessons, SETTINGS, Listener())


def test_what_cannot_be_written_is_one_line_and_what_was_graded_stays(
    lessons, tmp_path
):
    hand_in(tmp_path, "ada", notebook(lessons, RIGHT))
    (tmp_path / "feedback").write_text("where a folder should be")
    with pytest.raises(CannotGrade, match=r"feedback.*start again"):
        grade_all(tmp_path, lessons, SETTINGS, Listener())
    (tmp_path / "feedback").unlink()
    assert grade_all(tmp_path, lessons, SETTINGS, Listener()).graded == 1


def test_an_error_of_ours_costs_the_others_nothing(lessons, tmp_path, monkeypatch):
    for student in ("ada", "bob", "eve"):
        hand_in(tmp_path, student, notebook(lessons, RIGHT))
    judging = worker.judge

    def failing(job, *rest):
        if job.student == "bob":
            raise KeyError("\x1b[31mours")
        return judging(job, *rest)

    monkeypatch.setattr(worker, "judge", failing)
    listener = Listener()
    outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
    assert points(tmp_path) == {"ada": 2.0, "eve": 2.0}
    (told,) = listener.refusals
    assert "bob" in told and "KeyError" in told and "a person" in told
    assert "\x1b" not in told and outcome.refused


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (room, "make_job"),
        (feedback, "write"),
        (gradebook, "write_notebook"),
        (gradebook.Book, "record"),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        ValueError("cannot name a folder"),
        FileNotFoundError(errno.ENOENT, "gone"),
        RowError("too long"),
    ],
)
def test_what_cannot_be_written_for_one_costs_the_others_nothing(
    lessons, tmp_path, monkeypatch, module, step, error
):
    for student in ("ada", "bob", "eve"):
        hand_in(tmp_path, student, notebook(lessons, RIGHT))
    doing = getattr(module, step)

    def failing(*args, **more):
        names = [more.get("student"), *(getattr(arg, "student", "") for arg in args)]
        if "bob" in names:
            raise error
        return doing(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, failing)
        for graded in (2, 0):  # a restart goes past it too
            listener = Listener()
            outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
            assert outcome.graded == graded
            assert points(tmp_path) == {"ada": 2.0, "eve": 2.0}
            (told,) = listener.refusals
            assert "bob" in told and "a person" in told
            assert "bob" in outcome.page.read_text(encoding="utf-8")
    assert grade_all(tmp_path, lessons, SETTINGS, Listener()).graded == 1


def test_a_full_disk_stops_the_room(lessons, tmp_path, monkeypatch):
    hand_in(tmp_path, "ada", notebook(lessons, RIGHT))

    def full(*_args):
        raise OSError(errno.ENOSPC, "full", "feedback")

    monkeypatch.setattr(feedback, "write", full)
    with pytest.raises(CannotGrade, match="start again"):
        grade_all(tmp_path, lessons, SETTINGS, Listener())


def test_odd_names_are_graded_and_known_again(lessons, tmp_path):
    names = [
        "King Jr.",
        "x" * 225,
        "-rf",
        "a\nb",
        "=1+1",
        "O’Brien",
        "می\u200cشود",
        "007",
    ]
    for name in names:
        hand_in(tmp_path, name, notebook(lessons, RIGHT))
    (tmp_path / "submitted/007/adding/timestamp.txt").write_text("9" * 40 + "h")
    listener = Listener()
    outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
    assert (outcome.graded, outcome.refused) == (len(names), [])
    assert points(tmp_path) == {student_id(name): 2.0 for name in names}
    assert len(listener.notes) == 3  # two are shortened or cleaned, one has no time
    again = grade_all(tmp_path, lessons, SETTINGS, Listener())
    assert (again.graded, again.known) == (0, len(names))


def test_a_scratch_notebook_beside_the_right_one_harms_nothing(lessons, tmp_path):
    for student, name in (("ada", "01-adding.ipynb"), ("bob", "mine.ipynb")):
        path = hand_in(tmp_path, student, notebook(lessons, RIGHT))
        path.rename(path.with_name(name))
        path.with_name("Untitled.ipynb").write_text('{"cells": []}')
    hand_in(tmp_path, "eve", '{"cells": []}')  # named well, and not the lesson
    other = tmp_path / "submitted/eve/adding/really.ipynb"
    other.write_text(notebook(lessons, RIGHT), encoding="utf-8")
    for graded in (3, 0):
        listener = Listener()
        outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
        assert (outcome.graded, listener.refusals) == (graded, [])
        assert points(tmp_path) == {"ada": 2.0, "bob": 2.0, "eve": 2.0}
        assert len(listener.notes) == 3


def test_a_second_notebook_in_a_flat_folder_stays_the_second(lessons, tmp_path):
    (tmp_path / "ada").mkdir()
    right = notebook(lessons, RIGHT)
    (tmp_path / "ada/adding.ipynb").write_text(right, encoding="utf-8")
    (tmp_path / "ada.ipynb").write_text(notebook(lessons, WRONG), encoding="utf-8")
    for graded in (1, 0):
        listener = Listener()
        assert grade_all(tmp_path, lessons, SETTINGS, listener).graded == graded
        assert points(tmp_path) == {"ada": 2.0}
        assert "a second notebook" in listener.notes[0]


WITH_FILES = """\
from helper import plus
def add(a, b):
    assert open("data/one.csv").read() == "1"
    return plus(a, b)"""


@pytest.mark.parametrize("place", ["submitted/ann/adding/adding.ipynb", "ann/x.ipynb"])
def test_a_students_own_files_come_along_and_shadow_nothing(lessons, tmp_path, place):
    path = tmp_path / place
    (path.parent / "data").mkdir(parents=True)
    path.write_text(notebook(lessons, WITH_FILES), encoding="utf-8")
    (path.parent / "helper.py").write_text("def plus(a, b):\n    return a + b\n")
    (path.parent / "data" / "one.csv").write_text("1")
    for name in ("numpy.py", "torch.py", "bmkit.py", "math.py", "sitecustomize.py"):
        (path.parent / name).write_text("raise SystemExit('shadowed')")
    listener = Listener()
    grade_all(tmp_path, lessons, SETTINGS, listener)
    assert points(tmp_path) == {"ann": 2.0} and listener.refusals == []
    assert len(listener.notes) == 5
    assert grade_all(tmp_path, lessons, SETTINGS, Listener()).known == 1
    (path.parent / "helper.py").write_text("def plus(a, b):\n    return a - b\n")
    assert grade_all(tmp_path, lessons, SETTINGS, Listener()).graded == 1
    assert points(tmp_path) == {"ann": 0.0}


def test_whatever_its_ending_what_can_be_taken_is_graded(lessons, tmp_path):
    right = notebook(lessons, RIGHT)
    names = ["a.ipynb.txt", "b.IPYNB", "c.ipynb.json", "d.ipynb ", "e.ipynb.crdownload"]
    for name in names:
        (tmp_path / name).write_text(right, encoding="utf-8")
    (tmp_path / "f.py").write_text(f"# %%\n{RIGHT}\n")
    (tmp_path / "g.md").write_text(f"```python\n{RIGHT}\n```\n")
    refused = {
        "h.html": "<html>",
        "i.ipynb.part": right[: len(right) // 2],
        "j.pdf": "%PDF",
        "k.py": "x = 1",
        "l.ipynb": "version https://git-lfs.github.com/spec/v1\n",
        "m.ipynb": "",
    }
    for name, text in refused.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    listener = Listener()
    outcome = grade_all(tmp_path, lessons, SETTINGS, listener)
    assert points(tmp_path) == dict.fromkeys("abcdefg", 2.0)
    assert {one.path.name for one in outcome.refused} == {*refused}
    page = outcome.page.read_text(encoding="utf-8")
    assert all(name in page for name in refused)


def test_a_planted_grade_book_is_not_believed(lessons, tmp_path):
    """One that another grading made, with full marks for this very file."""
    room, other = tmp_path / "room", tmp_path / "other"
    for folder, code in ((other, RIGHT), (room, WRONG)):
        folder.mkdir()
        (folder / "ann.ipynb").write_text(notebook(lessons, code), encoding="utf-8")
    grade_all(other, lessons, SETTINGS, Listener())
    key = hashlib.sha256((room / "ann.ipynb").read_bytes()).hexdigest()
    with contextlib.closing(sqlite3.connect(other / "gradebook.db")) as book, book:
        book.execute("UPDATE bmkit_verdict SET key = ?", (key,))
    shutil.copy(other / "gradebook.db", room)
    listener = Listener()
    assert grade_all(room, lessons, SETTINGS, listener).graded == 1
    assert points(room) == {"ann": 0.0}
    (note,) = listener.notes
    assert "--book" in note and (room / "gradebook.db.not-ours-1").is_file()
    # Our own is known again; another in its place is not.
    assert grade_all(room, lessons, SETTINGS, Listener()).known == 1
    os.replace(other / "gradebook.db", room / "gradebook.db")
    assert grade_all(room, lessons, SETTINGS, Listener()).graded == 1
    assert points(room) == {"ann": 0.0}
    # The teacher's own, by name.
    url = f"sqlite:///{room / 'gradebook.db.not-ours-2'}"
    settings = Settings(jobs=1, unsafe=UNSAFE, book=url)
    assert grade_all(room, lessons, settings, Listener()).known == 1


def test_no_link_in_a_flat_folder_is_written_through(lessons, tmp_path):
    room, elsewhere = tmp_path / "room", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("mine")
    room.mkdir()
    for student in ("ann", "bob"):
        (room / f"{student}.ipynb").write_text(notebook(lessons, RIGHT), "utf-8")
    for name in ("feedback", "autograded"):
        (room / name).symlink_to(elsewhere)
    for name in ("room.html", "grades.csv", "gradebook.db", "gradebook.db-journal"):
        (room / name).symlink_to(elsewhere / "file")
    listener = Listener()
    assert grade_all(room, lessons, SETTINGS, listener).graded == 2
    assert len(listener.notes) == 6 and listener.refusals == []
    shutil.rmtree(room / "feedback" / "bob")
    (room / "feedback" / "bob").symlink_to(elsewhere)
    (room / "bob.ipynb").write_text(notebook(lessons, WRONG), encoding="utf-8")
    listener = Listener()
    assert grade_all(room, lessons, SETTINGS, listener).graded == 0
    (told,) = listener.refusals
    assert "bob" in told and listener.notes == []
    assert [one.name for one in elsewhere.iterdir()] == ["file"]
    assert (elsewhere / "file").read_text() == "mine"


def test_nothing_is_set_aside_in_a_course_folder(lessons, tmp_path):
    hand_in(tmp_path / "room", "ann", notebook(lessons, RIGHT))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "room" / "feedback").symlink_to(tmp_path / "elsewhere")
    assert grade_all(tmp_path / "room", lessons, SETTINGS, Listener()).graded == 1
    assert (tmp_path / "elsewhere" / "ann" / "adding" / "adding.html").is_file()


@pytest.mark.slow
def test_no_scheduler_gets_one_line(lessons, tmp_path):
    hand_in(tmp_path, "ada", notebook(lessons, RIGHT))
    settings = Settings(unsafe=UNSAFE, cluster="tcp://127.0.0.1:9")
    with pytest.raises(CannotGrade, match="no Dask scheduler answers"):
        grade_all(tmp_path, lessons, settings, Listener())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name notebooks, or --all FOLDER"),
        (["--all", "nowhere"], "nowhere"),
        (["--all", ".", "--memory", "0"], "argument --memory: '0' is not"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_line(words, says, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bmkit", "grade", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
