"""Deadlines, extensions and what late work costs, from course file to all reports."""

from __future__ import annotations

import math
import tomllib
from datetime import datetime

import pytest
from nbgrader.api import Gradebook

from bmkit.course.cli import main as command
from bmkit.course.grade import feedback
from bmkit.course.grade.deadlines import BadDeadlines, Deadlines, Late, told
from bmkit.course.grade.gradebook import Book, default_url
from bmkit.course.grade.session import grade_all
from bmkit.course.grade.settings import Settings
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.kernels.limits import BadLimits
from bmkit.course.source.catalog import Course
from tests.conftest import TINY
from tests.grade.test_grade_all import RIGHT, Listener, hand_in, notebook

TEXT = """
zone = "Europe/Berlin"
grace_minutes = 15
percent_a_day = 10
floor = 50
zero_after_days = 7
[due]
adding = 2026-11-02 18:00:00
[extensions.ann]
all_days = 2
[extensions."李雷"]
adding = "2026-11-09T18:00:00+08:00"
"""
RULES = Deadlines.of(tomllib.loads(TEXT), "course")
DAY = 86_400


@pytest.mark.parametrize(
    ("student", "when", "late"),
    [
        ("bob", "2026-11-02 16:59:00", Late()),  # 17:59 in Berlin
        ("bob", "2026-11-02 17:15:00", Late()),  # the grace's last second
        ("bob", "2026-11-02 17:15:01", Late(901, 10)),
        ("bob", "2026-11-02 20:00:00", Late(3 * 3600, 10)),
        ("bob", "2026-11-03 17:00:01", Late(DAY + 1, 20)),
        ("bob", "2026-11-08 17:00:00", Late(6 * DAY, 50)),  # the floor
        ("bob", "2026-11-09 17:00:01", Late(7 * DAY + 1, 100)),
        ("ann", "2026-11-04 17:00:00", Late()),
        ("ann", "2026-11-04 20:00:00", Late(3 * 3600, 10)),
        ("李雷", "2026-11-09 10:00:00", Late()),
        ("李雷", "2026-11-09 11:00:00", Late(3600, 10)),
    ],
)
def test_what_late_work_costs(student, when, late):
    assert RULES.late(student, "adding", datetime.fromisoformat(when)) == late


def test_without_a_time_or_a_deadline_nothing_is_late():
    assert RULES.late("bob", "adding", None) == Late()
    assert RULES.late("bob", "plotting", datetime(2030, 1, 1)) == Late()
    free = Deadlines.of({"due": {"adding": "2026-11-02 00:00"}}, "course")
    late = free.late("bob", "adding", datetime(2026, 12, 2))
    assert late == Late(30 * DAY, 0) and free.zero_after_days == math.inf


@pytest.mark.parametrize("day", ["2026-11-02", tomllib.loads("d = 2026-11-02")["d"]])
def test_a_day_alone_lasts_until_its_end(day):
    rules = Deadlines.of({"zone": "Asia/Shanghai", "due": {"adding": day}}, "course")
    assert rules.late("bob", "adding", datetime(2026, 11, 2, 16)) == Late()
    assert rules.late("bob", "adding", datetime(2026, 11, 2, 16, 1)) == Late(60)


def test_an_extension_finds_its_student_however_it_is_typed():
    typed = {"Jose\u0301": {"all_days": 2}}
    rules = Deadlines.of({"due": {"adding": "2026-11-02"}, "extensions": typed}, "c")
    when = datetime(2026, 11, 4)
    assert rules.late("José", "adding", when) == Late()
    assert rules.late("Jose", "adding", when).seconds == DAY


@pytest.mark.parametrize("table", ["due", "extensions.ann"])
def test_a_lesson_that_is_none_is_told(table):
    rules = tomllib.loads(f"[{table}]\nwelcom = 2026-11-02")
    with pytest.raises(BadDeadlines, match=f"{table}.welcom = 2026-11-02: there is no"):
        Deadlines.of(rules, "course", ["welcome"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("percent = 10", "unknown key 'percent'; there are due, extensions"),
        ("floor = -1", "floor = -1 is no time"),
        ("floor = 101", "floor = 101"),
        ("extensions = 3", "extensions = 3"),
        ("due = {adding = 18:00:00}", "due.adding"),
        ("grace_minutes = true", "grace_minutes = True"),
        ('zone = "Berlin"', "zone = 'Berlin'"),
        ('due = {adding = "tomorrow"}', "due.adding = 'tomorrow'"),
        ("due = 3", "due = 3"),
        ("extensions = {ann = 2}", "extensions.ann"),
        ('extensions = {ann = {all_days = "2"}}', "extensions.ann.all_days = '2'"),
    ],
)
def test_a_bad_course_file_is_one_line_with_the_key(text, says):
    with pytest.raises(BadDeadlines) as error:
        Deadlines.of(tomllib.loads(text), "pyproject.toml")
    line = str(error.value)
    assert says in line and line.startswith("pyproject.toml: ") and "\n" not in line


def test_a_value_in_the_place_of_the_table_is_told(course):
    (course / "pyproject.toml").write_text("[tool.bmkit]\ndeadlines = 3\n")
    with pytest.raises(BadLimits, match="deadlines is no table"):
        Course(course).deadlines()


def test_it_is_said_in_words():
    assert told(3 * 3600 + 5, 10, "en") == "handed in 3 h late; 10 % off"
    assert told(2 * DAY, 20, "zh") == "迟交 2 天；扣 20%"
    assert told(20, 5, "en") == "handed in 1 min late; 5 % off"
    assert told(0, 0, "en") == ""


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux")
def test_all_reports_have_it_and_a_later_extension_counts(course, tmp_path, capsys):
    lessons = Course(TINY).lessons()
    settings = course / "pyproject.toml"
    rules = "[tool.bmkit.deadlines]\npercent_a_day = 10\n[tool.bmkit.deadlines.due]\n"
    rules += "adding = 2026-11-02 18:00:00\n"
    settings.write_text(rules, encoding="utf-8")
    room = tmp_path / "room"
    for student, time in (("ann", "21:00:00"), ("bob", "17:00:00"), ("cat", "")):
        path = hand_in(room, student, notebook(lessons, RIGHT))
        if time:
            stamp = f"2026-11-02 {time}.000000 UTC"
            (path.parent / "timestamp.txt").write_text(stamp)
    words = ["grade", "--all", str(room), "--course", str(course)]
    words += ["--unsafe"] if sandbox.missing() else []

    def reports() -> tuple[list[str], str, str, dict[str, float]]:
        assert command.main(words) == 0
        capsys.readouterr()
        table = (room / "bmkit-grades.csv").read_text("utf-8-sig").splitlines()
        page = (room / "feedback/ann/adding/adding.html").read_text("utf-8")
        with Gradebook(default_url(room)) as book:
            due = book.find_assignment("adding").duedate
            assert due == datetime(2026, 11, 2, 18)
            rows = book.assignment_submissions("adding")
            cost = {one.student.id: one.late_submission_penalty for one in rows}
        return table, page, (room / "room.html").read_text("utf-8"), cost

    table, page, rooms, cost = reports()
    assert table[0].endswith("total,of,person,late,penalty,after")
    assert table[1] == "ann,adding,2,2,2,,3,0.2,1.8"
    assert table[2].endswith(",0,0,2") and table[3].endswith(",0,0,2")
    said = "handed in 3 h late; 10 % off"
    assert said in page and "1.8 points after that" in page and said in rooms
    assert cost == {"ann": 0.2, "bob": 0, "cat": 0}
    rules += "[tool.bmkit.deadlines.extensions.ann]\nall_days = 1\n"
    settings.write_text(rules, encoding="utf-8")
    table, page, rooms, cost = reports()
    assert table[1] == "ann,adding,2,2,2,"
    assert said not in page and said not in rooms and cost["ann"] == 0


@pytest.mark.integration
@pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux")
def test_what_cannot_be_taken_off_one_costs_the_others_nothing(tmp_path, monkeypatch):
    lessons = Course(TINY).lessons()
    for student in ("cat", "bob"):
        path = hand_in(tmp_path, student, notebook(lessons, RIGHT))
        (path.parent / "timestamp.txt").write_text("2026-11-02 21:00:00.000000 UTC")
    rewriting = feedback.rewrite

    def failing(folder, verdict):
        if verdict.student == "cat" and verdict.late:
            raise ValueError("cannot be written")
        rewriting(folder, verdict)

    monkeypatch.setattr(feedback, "rewrite", failing)
    settings = Settings(jobs=2, unsafe=bool(sandbox.missing()), deadlines=RULES)
    outcome = grade_all(tmp_path, lessons, settings, Listener())
    (told,) = outcome.refused
    assert "cat" in str(told) and "ValueError" in str(told) and outcome.page.is_file()
    with Book(default_url(tmp_path)) as book:
        late = {one.student: one.percent for one in book.verdicts()}
    assert late == {"cat": 0, "bob": 10}
