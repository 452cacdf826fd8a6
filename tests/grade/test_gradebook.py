"""The grade book is nbgrader's, whole at any moment, and forgets nothing."""

from __future__ import annotations

import copy
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine, event, text
from traitlets.config import Config, PyFileConfigLoader

from bmkit.course.build import nbgrader_course, notebooks, release
from bmkit.course.grade import database, export
from bmkit.course.grade.gradebook import Book, BookError, default_url, write_notebook
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.report import harmless
from bmkit.course.source.catalog import Course
from tests import postgres
from tests.conftest import TINY

LESSON = Course(TINY).lessons()[0]
SLUG = "adding"
TIME = "2026-11-02 10:00:00.000000 UTC"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.integration)
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as found:
        yield found


@pytest.fixture(params=["sqlite", POSTGRESQL])
def url(request, tmp_path) -> str:
    """An empty database's URL, of each kind."""
    if request.param == "sqlite":
        return default_url(tmp_path)
    found = request.getfixturevalue("server")
    found = found.replace("postgresql:", "postgresql+psycopg:")
    wipe(found)
    return found


def wipe(url: str) -> None:
    """Empty a database."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        for name in ("", "-journal"):
            Path(engine.url.database + name).unlink(missing_ok=True)
    else:
        with engine.begin() as link:
            link.execute(text("DROP SCHEMA public CASCADE"))
            link.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def book(url) -> Iterator[Book]:
    with Book(url) as found:
        found.prepare(LESSON)
        yield found


@cache
def blank():
    return release.learner_notebook(LESSON)


def verdict(student: str, points: float = 2, key: str = "k", **more) -> Verdict:
    made = copy.deepcopy(blank())
    if points:
        cell = next(cell for cell in made.cells if cell["id"] == "add")
        cell.source = "def add(a, b):\n    return a + b"
    marks = [Mark("add", points, 2, message="" if points else "not written yet")]
    return Verdict(
        student, SLUG, marks=marks, notebook=notebooks.dumps(made), key=key, **more
    )


def scores(url: str) -> dict[str, float]:
    """Each student's score, as nbgrader's own interface has it."""
    with Gradebook(url) as found:
        return {s.student.id: s.score for s in found.assignment_submissions(SLUG)}


def grade(found: Gradebook, student: str):
    return found.find_grade("check-add", SLUG, SLUG, student)


def test_lateness_costs_a_share_of_the_score_that_the_book_has(book):
    for student in ("ann", "bob"):
        book.record(verdict(student, 1), TIME)
    with Gradebook(book.url) as found:
        grade(found, "ann").manual_score, grade(found, "ann").extra_credit = 1.5, 0.5
        found.db.commit()
    book.charge("ann", SLUG, 25)
    with Gradebook(book.url) as found:
        cost = {
            one.student.id: one.late_submission_penalty
            for one in found.assignment_submissions(SLUG)
        }
    assert cost == {"ann": 0.5, "bob": 0}


def test_points_given_by_hand_are_final(book):
    """And whoever has been looked at waits no more; a verdict stays what it was."""
    book.record(verdict("ann"))
    for student in ("bob", "cat", "dan"):
        book.record(verdict(student, 0, person=["it lied"]))
    with Gradebook(book.url) as found:
        for student, points in (("bob", 1.5), ("cat", 0.5)):
            one = grade(found, student)
            one.manual_score, one.needs_manual_grade = points, student == "cat"
        grade(found, "ann").extra_credit = 0.25
        found.db.commit()
    final = {one.student: one for one in book.final()}
    points = {student: one.points for student, one in final.items()}
    assert points == {"ann": 2.25, "bob": 1.5, "cat": 0.5, "dan": 0}
    assert [s for s, one in final.items() if one.person] == ["cat", "dan"]
    assert [one.points for one in book.verdicts()] == [2, 0, 0, 0]


def test_stock_nbgrader_reads_what_is_written(book):
    book.record(verdict("ann"), TIME)
    book.record(verdict("李雷", 0.5))
    book.record(verdict("bob", 0, person=["it lied"]))
    assert scores(book.url) == {"ann": 2, "李雷": 0.5, "bob": 0}
    with Gradebook(book.url) as found:
        assert found.find_assignment(SLUG).max_score == 2
        ann = found.find_submission(SLUG, "ann")
        assert (ann.max_score, ann.code_score) == (2, 2)
        assert ann.timestamp.isoformat() == "2026-11-02T10:00:00"
        assert not ann.needs_manual_grade and not ann.notebooks[0].failed_tests
        bob = found.find_submission(SLUG, "bob")
        assert bob.needs_manual_grade and bob.notebooks[0].failed_tests
        assert found.find_comment("add", SLUG, SLUG, "bob").comment == "No response."
        assert found.find_comment("add", SLUG, SLUG, "ann").comment is None


@pytest.mark.slow
@pytest.mark.integration
def test_it_is_what_stock_nbgrader_would_have_made(book, tmp_path):
    nbgrader_course.write(tmp_path / "stock", [LESSON])
    config = Config()
    config.CourseDirectory.root = str(tmp_path / "stock")
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    made = api.generate_assignment(SLUG)
    assert made["success"], made["log"]
    theirs, ours = api.coursedir.db_url, book.url
    assert cells(ours) == cells(theirs)
    version = text("SELECT version_num FROM alembic_version")
    assert rows(ours, version) == rows(theirs, version)


def cells(url: str) -> list[list[dict]]:
    """An assignment's cells, but for their ids."""
    with Gradebook(url) as found:
        notebook = found.find_notebook(SLUG, SLUG)
        kinds = (notebook.grade_cells, notebook.solution_cells, notebook.source_cells)
        dicts = [[one.to_dict() for one in kind] for kind in kinds]
    for kind in dicts:
        kind.sort(key=lambda one: one["name"])
        for one in kind:
            del one["id"]
    return dicts


def rows(url: str, query) -> list[tuple]:
    engine = create_engine(url)
    with engine.connect() as link:
        found = [tuple(row) for row in link.execute(query)]
    engine.dispose()
    return found


@pytest.mark.parametrize(
    "name",
    ["AI? morning", "a#b", "a%20b", "50%", "a [x]", "me@home", "课程 一", "a:b&c=d;e"],
)
def test_a_folder_of_any_name_keeps_its_own_book_as_stock_nbgrader_does(name, tmp_path):
    folder = tmp_path / name
    nbgrader_course.write(folder, [])
    with Book(default_url(folder)) as book:
        book.prepare(LESSON)
        book.record(verdict("ann"))
    assert [p.name for p in tmp_path.iterdir()] == [name]
    stock = read_config(folder)
    with Gradebook(CourseDirectory(config=stock).db_url) as found:
        assert [student.id for student in found.students] == ["ann"]


def read_config(folder: Path) -> Config:
    """A course folder's ``nbgrader_config.py``, as nbgrader reads it."""
    config = PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    return config


def test_formgrader_shows_a_course_graded_by_us(book, tmp_path):
    nbgrader_course.write(tmp_path, [LESSON])
    for name, stamp in (("ann", TIME), ("bob", "")):
        home = tmp_path / "submitted" / name / SLUG
        home.mkdir(parents=True)
        done = verdict(name, 2 if name == "ann" else 0)
        (home / f"{SLUG}.ipynb").write_text(done.notebook, encoding="utf-8")
        if stamp:
            (home / "timestamp.txt").write_text(stamp)
        path = write_notebook(tmp_path, done, stamp)
        assert path.read_text(encoding="utf-8") == harmless.notebook(done.notebook)
        book.record(done, stamp)
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = book.url
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    ann, bob = api.get_submissions(SLUG)
    assert (ann["student"], ann["score"], ann["autograded"]) == ("ann", 2, True)
    assert (bob["student"], bob["score"], bob["autograded"]) == ("bob", 0, True)
    (assignment,) = api.get_assignments()
    assert (assignment["num_submissions"], assignment["average_score"]) == (2, 1)
    (notebook,) = api.get_student_notebook_submissions("ann", SLUG)
    assert (notebook["score"], notebook["max_score"]) == (2, 2)
    shown = api.get_notebook_submissions(SLUG, SLUG)
    assert {row["student"]: row["score"] for row in shown} == {"ann": 2, "bob": 0}
    left = [p.name for p in (tmp_path / "autograded/ann" / SLUG).iterdir()]
    assert sorted(left) == [f"{SLUG}.ipynb", "submission_secret.txt", "timestamp.txt"]
    # Handed in once more, the same file, later.
    later = TIME.replace("10:00", "11:00")
    (tmp_path / "submitted/ann" / SLUG / "timestamp.txt").write_text(later)
    assert not api.get_submissions(SLUG)[0]["autograded"]
    book.stamp("ann", SLUG, later)
    assert api.get_submissions(SLUG)[0]["autograded"]


def test_a_verdict_comes_back_as_it_was(book):
    kept = verdict("ann", 1, remarks=["a\x00b \ud800 嗨"], person=["看"], seconds=1.5)
    book.record(kept)
    book.record(verdict("bob", key="other"))
    assert next(book.verdicts()) == kept
    assert [v.student for v in book.verdicts(SLUG)] == ["ann", "bob"]
    assert list(book.verdicts("plotting")) == []
    assert book.known() == {("ann", SLUG, "k"), ("bob", SLUG, "other")}


def test_recording_again_changes_nothing(book):
    assert book.record(verdict("ann")) is True
    with Gradebook(book.url) as found:
        grade(found, "ann").needs_manual_grade = True
        found.db.commit()
    assert book.record(verdict("ann")) is False
    with Gradebook(book.url) as found:
        assert grade(found, "ann").needs_manual_grade
        assert len(found.students) == 1


def test_a_new_file_takes_the_place_of_the_old(book):
    book.record(verdict("ann", 0))
    book.record(verdict("ann", 2, key="new"), TIME)
    assert book.known() == {("ann", SLUG, "new")}
    assert scores(book.url) == {"ann": 2}
    with Gradebook(book.url) as found:
        assert found.find_comment("add", SLUG, SLUG, "ann").comment is None


def test_what_a_teacher_wrote_stays(book):
    book.record(verdict("ann", 0))
    with Gradebook(book.url) as found:
        one = grade(found, "ann")
        one.manual_score, one.extra_credit = 1.5, 0.25
        found.find_comment("add", SLUG, SLUG, "ann").manual_comment = "nearly"
        found.find_student("ann").last_name = "Lee"
        found.db.commit()
    book.prepare(LESSON)
    book.record(verdict("ann", 2, key="new"))
    with Gradebook(book.url) as found:
        one = grade(found, "ann")
        assert (one.auto_score, one.manual_score, one.score) == (2, 1.5, 1.75)
        assert one.needs_manual_grade, "as in stock nbgrader"
        assert found.find_comment("add", SLUG, SLUG, "ann").comment == "nearly"
        assert found.find_student("ann").last_name == "Lee"


def test_a_submission_that_a_teacher_removed_is_not_known(book):
    book.record(verdict("ann"))
    with Gradebook(book.url) as found:
        found.remove_student("ann")
    assert book.known() == set() and list(book.verdicts()) == []
    assert book.record(verdict("ann")) is True
    assert scores(book.url) == {"ann": 2}


def test_changed_points_come_through_and_changed_exercises_are_told(
    book, course, monkeypatch
):
    book.record(verdict("ann"))
    lesson = Course(course).lessons()[0]
    source = lesson.path.read_text(encoding="utf-8")
    lesson.path.write_text(source.replace("points=2", "points=4"), encoding="utf-8")
    book.prepare(lesson)
    with Gradebook(book.url) as found:
        assert found.find_submission(SLUG, "ann").max_score == 4
    lesson.path.write_text(
        source.replace('"add"', '"plus"').replace("def add", "def plus"),
        encoding="utf-8",
    )
    with pytest.raises(BookError, match="grade into a new one"):
        book.prepare(lesson)


def test_what_was_not_prepared_is_told_and_leaves_nothing(url):
    with Book(url) as book:
        with pytest.raises(BookError, match="prepare it first"):
            book.record(verdict("ann"))
        book.prepare(LESSON)
        strange = verdict("ann")
        strange.marks[0].exercise = "minus"
        with pytest.raises(BookError, match="check-minus"):
            book.record(strange)
        with Gradebook(book.url) as found:
            assert found.students == []


# Killed with -9 ---------------------------------------------------------------------


def in_a_child(work: Callable[[], None]) -> int | None:
    """Run something in a forked process; how it ended."""
    process = FORK.Process(target=work)
    process.start()
    process.join(60)
    return process.exitcode


def die_at(statement: int) -> None:
    """Have this process killed just before its n-th statement to any database."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    from sqlalchemy.engine import Engine

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)


def agree(url: str) -> set[str]:
    """Students; both our table and nbgrader's must name the same, and be whole."""
    with Book(url) as book:
        known = {student for student, _, _ in book.known()}
    with Gradebook(url) as found:
        assert {s.id for s in found.students} == known
        for one in found.assignment_submissions(SLUG):
            assert one.score == 2 and len(one.notebooks[0].comments) == 1
    assert set(scores(url)) == known
    return known


def test_killed_at_any_statement_both_are_there_or_neither(book):
    book._engine.dispose()  # no connection is shared with a child
    for statement in range(1, 100):

        def work(statement: int = statement) -> None:
            with Book(book.url) as mine:
                die_at(statement)
                mine.record(verdict("ann"))

        end = in_a_child(work)
        there = agree(book.url)
        if end == 0:
            break
        assert end == -signal.SIGKILL
        assert there == set(), f"a half was there after statement {statement}"
    assert statement > 8, "the killing came to nothing"
    assert agree(book.url) == {"ann"}


@pytest.mark.slow
def test_killed_while_the_book_is_made_it_is_made_all_the_same(url):
    for statement in range(1, 400, 7):
        wipe(url)

        def work(statement: int = statement) -> None:
            die_at(statement)
            with Book(url) as mine:
                mine.prepare(LESSON)

        end = in_a_child(work)
        if end == 0:
            break
        assert end == -signal.SIGKILL
        with Book(url) as mine:
            mine.prepare(LESSON)
            mine.record(verdict("ann"))
        assert agree(url) == {"ann"}, f"not mended after statement {statement}"
        assert len(rows(url, text("SELECT * FROM alembic_version"))) == 1
    assert statement > 50, "the killing came to nothing"


@pytest.mark.slow
def test_killed_among_many_and_started_again_nothing_is_lost_or_done_twice(book):
    names = [f"student{n:03}" for n in range(120)]
    book._engine.dispose()
    kills = 0
    made = {name: verdict(name) for name in names}
    while len(agree(book.url)) < len(names):
        ours, theirs = os.pipe()

        def work(told: int = theirs) -> None:
            with Book(book.url) as mine:
                done = {student for student, _, _ in mine.known()}
                for name in names:
                    if name not in done:
                        assert mine.record(made[name])
                        os.write(told, b".")

        process = FORK.Process(target=work)
        process.start()
        os.close(theirs)
        # Let some be recorded, then strike in the midst of whatever comes next.
        counted = 0
        while counted < 25 and (more := os.read(ours, 1)):
            counted += len(more)
        os.close(ours)
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
    assert kills >= 3, "the killing came to nothing"
    assert agree(book.url) == set(names)


def test_two_that_record_at_once_do_not_hurt_each_other(url):
    def work(offset: int) -> None:
        with Book(url) as mine:
            if offset == 0:
                mine.prepare(LESSON)
            for number in range(20):
                mine.record(verdict(f"s{number}", key=str(offset)))

    with Book(url) as book:
        book.prepare(LESSON)
    crowd = [FORK.Process(target=work, args=(n + 1,)) for n in range(3)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(120)
        assert one.exitcode == 0
    assert len(agree(url)) == 20


# What a teacher reads when it cannot be used ----------------------------------------


def told(url: str) -> str:
    with pytest.raises(BookError) as caught, Book(url):
        pass
    message = str(caught.value)
    assert "\n" not in message and "Traceback" not in message
    return message


def test_a_locked_book_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0)
    with Book(default_url(tmp_path)) as book:
        book.prepare(LESSON)
        other = sqlite3.connect(tmp_path / "gradebook.db")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BookError, match="another program is writing"):
            book.record(verdict("ann"))
        other.rollback()
        other.close()
        assert book.record(verdict("ann"))


def test_a_file_that_is_no_book_is_told(tmp_path):
    assert "such a folder" in told(f"sqlite:///{tmp_path}/none/gradebook.db")
    (tmp_path / "letter.txt").write_text("Dear grade book, " * 100)
    assert "no grade book" in told(f"sqlite:///{tmp_path}/letter.txt")
    assert "postgresql://" in told("gradebook.db")
    assert "sqlite or postgresql" in told("oracle://x")


def test_an_older_nbgraders_book_is_told(tmp_path):
    with Book(default_url(tmp_path)):
        pass
    old = sqlite3.connect(tmp_path / "gradebook.db")
    old.execute("UPDATE alembic_version SET version_num = '50a4d84c131a'")
    old.commit()
    old.close()
    assert "nbgrader db upgrade" in told(default_url(tmp_path))


@pytest.mark.integration
def test_a_servers_refusals_are_told_without_the_password(server):
    wrong = server.replace("sesame", "barley")
    for url, says in (
        (wrong, "user or password"),
        (server.replace("/postgres?", "/nowhere?"), "createdb"),
        (server.split("?")[0] + "?host=/nowhere", "no server answers"),
        ("postgresql://bmkit:barley@127.0.0.1:9/x", "no server answers"),
    ):
        message = told(url)
        assert says in message, message
        assert "barley" not in message and "sesame" not in message


def test_a_missing_driver_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install" in told("postgresql://localhost/x")


# Exports ------------------------------------------------------------------------------


def test_nbgraders_exporter_reads_the_same_book(book, tmp_path):
    book.record(verdict("ann"))
    book.record(verdict("bob", 0))
    export.nbgrader(book.url, tmp_path / "grades.csv")
    assert [p.name for p in tmp_path.glob("*.csv")] == ["grades.csv"]
    head, *lines = (tmp_path / "grades.csv").read_text().splitlines()
    table = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    found = {row["student_id"]: (row["score"], row["max_score"]) for row in table}
    assert found == {"ann": ("2.0", "2.0"), "bob": ("0.0", "2.0")}
    with pytest.raises(BookError, match="no exporter"):
        export.nbgrader(book.url, tmp_path / "grades.csv", "nothing.Here")


@pytest.mark.slow
@pytest.mark.integration
def test_the_command_line_of_stock_nbgrader_reads_it_too(tmp_path):
    with Book(default_url(tmp_path)) as book:
        book.prepare(LESSON)
        book.record(verdict("ann"))
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--to", "all.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "ann" in (tmp_path / "all.csv").read_text()
