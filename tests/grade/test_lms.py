"""Downloads of Moodle and Canvas are read, and their grade files filled in."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bmkit.course.cli import main as command
from bmkit.course.grade import lms, lms_grades, moodle_time
from bmkit.course.grade.intake import IntakeError
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.source.catalog import Course
from tests.conftest import TINY
from tests.grade.test_grade_all import RIGHT, WRONG, notebook

LESSONS = Course(TINY).lessons()
FILE = "assignsubmission_file_"
TITLES = {"adding": ["adding", "Adding", "加法"]}
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,"
    "Grade can be changed,Last modified (submission),Last modified (grade),"
    "Feedback comments\r\n"
    "Participant 101,Ann Lee,ann@example.org,Submitted,,10.00,Yes,-,-,\r\n"
    'Participant 102,"Bo, Ü",bo@example.org,Submitted,,10.00,Yes,-,-,\r\n'
    "Participant 103,Cat,cat@example.org,No submission,,10.00,Yes,-,-,\r\n"
    "Participant 104,Dan,dan@example.org,Submitted,3.00,10.00,No,-,-,old\r\n"
)
GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Adding (77),Essay (78),Final Score\r\n"
    "    Points Possible,,,,,4,10,(read only)\r\n"
    '"Lee, Ann",101,s1,ann,One,,9,90\r\n'
    '"Ü, Bo",102,s2,bo,One,,,\r\n'
)


def packed(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return path


def held(room: lms.Room) -> dict[str, str]:
    files = [path for path in room.folder.rglob("*") if path.is_file()]
    return {str(f.relative_to(room.folder)): f.read_text() for f in files}


def verdict(student: str, points: float, **more) -> Verdict:
    mark = Mark("add", points, 2, message="" if points == 2 else "did you add?")
    return Verdict(student, "adding", marks=[mark], **more)


MOODLE = {
    f"Ann Lee_101_{FILE}/adding.ipynb": "ann",
    f"Ann Lee_101_{FILE}/data.csv": "1",
    f"Bo Ü_102_{FILE}my work.ipynb": "bo",
    "Cat_103_assignsubmission_onlinetext_onlinetext.html": "words",
}
GOT = {
    "Ann Lee_101/adding.ipynb": "ann",
    "Ann Lee_101/data.csv": "1",
    "Bo Ü_102/my work.ipynb": "bo",
}


@pytest.mark.parametrize("unpacked", [False, True])
def test_moodles_download_is_read_packed_or_not(unpacked, tmp_path):
    download = packed(tmp_path / "course-hw-9.zip", MOODLE)
    if unpacked:
        zipfile.ZipFile(download).extractall(tmp_path / "hw")
        download = tmp_path / "hw"
    room = lms.room(download)
    assert held(room) == GOT
    (typed,) = room.refused
    assert "Cat_103" in str(typed) and "typed into a form" in str(typed)
    assert room.folder.name == f"{download.stem}-graded"


def test_canvas_download_is_read_and_the_last_attempt_counts(tmp_path):
    files = {
        "leeann_101_9001_adding-1.ipynb": "first",
        "leeann_LATE_101_9007_adding-2.ipynb": "second",
        "bo_102_9002_adding.ipynb": "bo",
        "bo_102_text.html": "see the file",
        "cat_LATE_103_link.html": "https://example.org",
    }
    room = lms.room(packed(tmp_path / "submissions.zip", files))
    assert held(room) == {
        "leeann_101/adding.ipynb": "second",
        "bo_102/adding.ipynb": "bo",
    }
    (link,) = room.refused
    assert "cat_LATE_103_link.html: typed into a form" in str(link)
    early, late, text = sorted(room.notes, key=lambda note: note.reason)
    assert "bo_102_text.html: typed" in str(text)
    assert "adding-1.ipynb" in str(early) and "earlier attempt" in str(early)
    assert "adding-2.ipynb" in str(late) and "marked LATE by Canvas" in str(late)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("de_la_cruz_101_9001_adding.ipynb", "de_la_cruz_101"),
        ("李雷_LATE_101_9001_adding.ipynb", "李雷_101"),
        ("anon_AbC1x_9001_adding.ipynb", "anon_AbC1x"),
        ("LATE_anon_AbC1x_9001_adding.ipynb", "anon_AbC1x"),
        ("_101_9001_adding.ipynb", "101"),  # a name of which Canvas left nothing
        ("leeann_101_9001_adding.IPYNB", "leeann_101"),
        ("leeann_101_9001_my_1_2_work.ipynb", "leeann_101"),
    ],
)
def test_names_in_canvas_download(name, student, tmp_path):
    files = {name: "it", "renamed.pdf": "%PDF"}
    room = lms.room(packed(tmp_path / "submissions.zip", files))
    assert [path.split("/")[0] for path in held(room)] == [student]
    assert len(room.refused) == 1


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (f"Ann Lee_101_{FILE}/a.ipynb", "Ann Lee_101"),
        ("Ann Lee_101_assignsubmission_file/a.ipynb", "Ann Lee_101"),
        (f"Group 3-Ann Lee_101_{FILE}/a.ipynb", "Group 3-Ann Lee_101"),
        (f"Participant 7_7_{FILE}/a.ipynb", "Participant 7_7"),
        (f"参与人 7_7_{FILE}/a.ipynb", "参与人 7_7"),
        (f"hw/Ann Lee_101_{FILE}/a.ipynb", "Ann Lee_101"),  # packed once more
    ],
)
def test_names_in_moodles_download(name, student, tmp_path):
    room = lms.room(packed(tmp_path / "x.zip", {name: "it", "__MACOSX/._x": "junk"}))
    assert held(room) == {f"{student}/a.ipynb": "it"} and room.refused == []


def test_a_newer_download_takes_the_place_of_an_older(tmp_path):
    """A student who gave the file another name has handed in one file, not two."""
    for name in ("first", "second"):
        files = {f"Ann_1_{FILE}/{name}.ipynb": name}
        room = lms.room(packed(tmp_path / "hw.zip", files))
    assert held(room) == {"Ann_1/second.ipynb": "second"}
    assert lms.room(packed(tmp_path / "hw.2.zip", files)).folder != room.folder


def test_a_zip_of_anything_else_is_one_line(tmp_path):
    whole = packed(tmp_path / "whole.zip", MOODLE).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntakeError, match="this zip cannot be read"):
        lms.room(tmp_path / "cut.zip")
    with pytest.raises(IntakeError, match="not a download of Moodle's or Canvas'"):
        lms.room(packed(tmp_path / "x.zip", {"ann.ipynb": "{}"}))


MODERN = (
    "Identifier,Full name,ID number,Email address,Status,Group,Marker,Grade,"
    "Maximum grade,Marking workflow state,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
)
CHINESE = "标识符,全名,状态,成绩,最高分,允许更改成绩,上次修改（作业）,反馈评论\n"


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (f"{MODERN}Participant 101,A,,,,,,,10.00,,Yes,-,-,\n", "7.5"),
        (f"{MODERN}Participant 101,A,,,,,,,10.00,,Yes\n", "7.5"),  # a short row
        (f"{CHINESE}参与人101,甲,,,10.00,是,-,\n", "7.5"),
        (f"{CHINESE}参与人101,甲,,,10.00,否,-,\n", ""),
        (MODERN.replace(",", ";") + 'Participant 101;"A;\nB";;;;;;;10,00\n', "7,5"),
        (MODERN.replace(",", "\t") + "Participant 101\tA\t\t\t\t\t\t\t5\n", "3.75"),
        (f'{MODERN}Participant 101,"A\n""B"", C",,,,,,,100\n', "75"),
        (f"\n\n{MODERN}\nParticipant 101,A,,,,,,,Good\n", "1.5"),  # a scale
    ],
)
def test_worksheets_of_every_shape(text, grade, tmp_path):
    path = tmp_path / "Grades.csv"
    path.write_text(text, encoding="utf-8", newline="")
    filled = lms_grades.Moodle(path).fill([verdict("Ann_101", 1.5)])
    new = lms_grades.Moodle(filled.path).sheet
    assert new.rows[1][new.place(lms_grades.GRADE)] == grade
    assert new.rows[1][1] == lms_grades.Moodle(path).sheet.rows[1][1]
    assert ("\r\n" in filled.path.read_bytes().decode()) == ("\r\n" in text)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Monday, 2 November 2026, 6:12 PM", "17:12"),
        ("Monday, 02 November 2026, 06:12 PM", "17:12"),
        ("Monday, November 2, 2026, 6:12 PM", "17:12"),
        ("Monday, 2 November 2026, 18:12", "17:12"),
        ("Monday, 2 November 2026, 12:12 PM", "11:12"),
        ("Tuesday, 3 November 2026, 12:12 AM", "23:12"),
        ("2026年11月2日 星期一 18:12", "17:12"),
        ("2026年11月2日 星期一 下午6:12", "17:12"),
        ("2026年11月2日，星期一，6:12 下午", "17:12"),
        ("Monday, 31 February 2026, 6:12 PM", None),
        ("Montag, 2. November 2026, 18:12", None),
        ("02/11/2026 18:12", None),
        ("Monday, 2 November 2026, 25:12", None),
        ("-", None),
    ],
)
def test_moodles_times_are_read_in_the_courses_zone(text, hour):
    time = moodle_time.parsed(text, BERLIN)
    assert time is None or time.date().isoformat() == "2026-11-02"
    assert (f"{time:%H:%M}" if time else None) == hour


def test_what_moodle_says_of_times_and_extensions(tmp_path):
    path = tmp_path / "Grades.csv"
    granted = "Submitted for grading - Extension granted until: Friday"
    rows = [
        'Participant 1,A,,,Submitted,,,,10,,Yes,"Monday, 2 November 2026, 6:12 PM"',
        f"Participant 2,B,,,{granted},,,,10,,Yes,-",
        "Participant 3,C,,,Submitted,,,,10,,Yes,2.11.2026 18:12",
    ]
    path.write_text(MODERN + "\n".join(rows), encoding="utf-8")
    times, notes = lms_grades.Moodle(path).times(BERLIN)
    assert times == {"1": "2026-11-02 17:12:00 UTC"}
    first, second = map(str, notes)
    assert "Participant 2" in first and "Extension granted" in first
    assert "1 times" in second and "2.11.2026" in second


def test_nothing_in_a_zip_is_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(lms, "BIGGEST", 100_000)
    link = zipfile.ZipInfo(f"Eve_5_{FILE}/link.ipynb")
    link.external_attr = 0o120777 << 16
    download = packed(
        tmp_path / "x.zip",
        {
            f"Ann_1_{FILE}/good.ipynb": "good",
            f"Eve_2_{FILE}/../../../../out.ipynb": "out",
            f"Eve_3_{FILE}/..": "out",
            f"Eve_4_{FILE}/bomb.ipynb": b"\0" * 1_000_000,
            "notes.txt": "whose?",
        },
    )
    with zipfile.ZipFile(download, "a", zipfile.ZIP_DEFLATED) as more:
        more.writestr(link, "/etc/passwd")
    room = lms.room(download)
    assert held(room) == {"Ann_1/good.ipynb": "good"}
    assert len(room.refused) == 5
    assert not list(tmp_path.rglob("out.ipynb"))


def test_any_other_folder_is_none(tmp_path):
    (tmp_path / "ann.ipynb").write_text("{}")
    (tmp_path / "a_12_34_b.ipynb").write_text("{}")
    assert lms.room(tmp_path) is None
    assert lms.room(tmp_path / "nothing") is None


def test_moodles_worksheet_is_filled(tmp_path):
    path = tmp_path / "Grades.csv"
    path.write_bytes(b"\xef\xbb\xbf" + WORKSHEET.encode())
    graded = [verdict("Ann Lee_101", 2), verdict("Bo Ü_102", 0.5)]
    graded += [verdict("Dan_104", 2), verdict("Eve_105", 2)]
    filled = lms_grades.Moodle(path).fill(graded)
    assert (filled.path.name, filled.count) == ("Grades.filled.csv", 2)
    assert path.read_bytes() == b"\xef\xbb\xbf" + WORKSHEET.encode()
    raw = filled.path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    ann, bo, cat, dan = csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))
    assert (ann["Grade"], ann["Feedback comments"]) == ("10", "add 2/2")
    assert bo["Grade"] == "2.5" and bo["Full name"] == "Bo, Ü"
    assert bo["Feedback comments"] == "add 0.5/2: did you add?"
    assert cat["Grade"] == "" and (dan["Grade"], dan["Feedback comments"]) == (
        "3.00",
        "old",
    )


def test_canvas_gradebook_is_filled(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(GRADEBOOK, encoding="utf-8", newline="")
    graded = [verdict("leeann_101", 2), verdict("bo_102", 1, person=["it lied"])]
    filled = lms_grades.Canvas(path, TITLES).fill(graded)
    rows = list(csv.reader(filled.path.open(encoding="utf-8", newline="")))
    assert [row[5] for row in rows] == ["Adding (77)", "4", "4", ""]
    assert [row[6] for row in rows] == ["Essay (78)", "10", "9", ""]
    assert (filled.count, filled.waiting) == (1, ["bo_102"])
    with pytest.raises(lms_grades.BadGradeFile, match="which column"):
        lms_grades.Canvas(path, {"subtracting": ["subtracting"]})


@pytest.mark.parametrize(
    ("text", "says"),
    [(b"a,b\n1,2\n", "no column 'Identifier'"), (b"\xff\xfe", "UTF-8"), (b"", "CSV")],
)
def test_a_file_of_another_shape_is_one_line(text, says, tmp_path):
    (tmp_path / "x.csv").write_bytes(text)
    with pytest.raises(lms_grades.BadGradeFile, match=says):
        lms_grades.Moodle(tmp_path / "x.csv")


def test_one_lesson_is_filled_in(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(WORKSHEET, encoding="utf-8")
    graded = [verdict("Ann_101", 2), Verdict("Bo_102", "plotting")]
    with pytest.raises(lms_grades.BadGradeFile, match="several lessons"):
        lms_grades.Moodle(path).fill(graded)
    filled = lms_grades.Moodle(path).fill([*graded, verdict("Cat_103", 2)])
    assert (filled.count, filled.others) == (2, ["Bo_102"])


@pytest.mark.parametrize("flag", ["--moodle", "--canvas", "--export"])
def test_what_is_for_a_room_goes_with_a_room(flag, capsys):
    assert command.main(["grade", "mine.ipynb", flag, "x.csv"]) == 2
    assert "go with --all" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux")
def test_from_moodles_download_to_its_worksheet(course, tmp_path, capsys):
    files = {
        f"Ann Lee_101_{FILE}/adding.ipynb": notebook(LESSONS, RIGHT),
        f"Bo Ü_102_{FILE}mine.ipynb": notebook(LESSONS, WRONG),
        f"Cat_103_{FILE}/report.pdf": "%PDF",
    }
    download = packed(tmp_path / "hw.zip", files)
    sheet = tmp_path / "Grades.csv"
    sheet.write_text(WORKSHEET, encoding="utf-8")
    words = ["grade", "--all", str(download), "--moodle", str(sheet)]
    words += ["--course", str(course), *(["--unsafe"] if sandbox.missing() else [])]
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n", encoding="utf-8")
    for lms_ in ("--moodle", "--canvas"):  # told before anything is graded
        assert command.main([*words, lms_, str(wrong)]) == 1
        assert "no column" in capsys.readouterr().err
    assert not (tmp_path / "hw-graded").exists()
    for _ in range(2):
        assert command.main(words) == 1
        out = capsys.readouterr().out
        assert "report.pdf" in out and "Grades.filled.csv (2)" in out
    rows = csv.DictReader((tmp_path / "Grades.filled.csv").open(encoding="utf-8"))
    assert [row["Grade"] for row in rows] == ["10", "0", "", "3.00"]


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux")
def test_moodles_times_count_for_deadlines(course, tmp_path, capsys):
    rules = "[tool.bmkit.deadlines]\nzone = 'Europe/Berlin'\npercent_a_day = 10\n"
    rules += "due = {adding = 2026-11-02 18:00:00}\n"
    (course / "pyproject.toml").write_text(rules, encoding="utf-8")
    names = {"101": "Ann Lee", "102": "Bo", "103": "Cat"}
    files = {
        f"{name}_{number}_{FILE}/a.ipynb": notebook(LESSONS, RIGHT)
        for number, name in names.items()
    }
    download = packed(tmp_path / "hw.zip", files)
    sheet = tmp_path / "Grades.csv"
    times = {"101": "Monday, 2 November 2026, 6:00 PM", "103": "gestern"}
    times["102"] = "Monday, 2 November 2026, 6:12 PM"
    rows = [f'Participant {n},x,,,,,,,10,,Yes,"{t}",-,' for n, t in times.items()]
    sheet.write_text(MODERN + "\n".join(rows), encoding="utf-8")
    words = ["grade", "--all", str(download), "--course", str(course)]
    words += ["--unsafe"] if sandbox.missing() else []
    assert command.main(words) == 0  # without the worksheet no time is known
    assert ",late," not in (tmp_path / "hw-graded/grades.csv").read_text("utf-8-sig")
    capsys.readouterr()
    assert command.main([*words, "--moodle", str(sheet)]) == 0
    assert "gestern" in capsys.readouterr().out
    filled = csv.DictReader((tmp_path / "Grades.filled.csv").open(encoding="utf-8"))
    grades = {row["Identifier"]: row["Grade"] for row in filled}
    assert grades == {"Participant 101": "10", "Participant 102": "9"} | {
        "Participant 103": "10"
    }
