"""Downloads of Moodle and Canvas are read, and their grade files filled in."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from bmkit.course.cli import main as command
from bmkit.course.grade import lms, lms_grades
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.source.catalog import Course
from tests.conftest import TINY
from tests.grade.test_grade_all import RIGHT, WRONG, notebook

LESSONS = Course(TINY).lessons()
FILE = "assignsubmission_file_"
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
    assert held(room) == GOT and room.refused == []
    assert room.folder.name == f"{download.stem}-graded"


def test_canvas_download_is_read_and_the_last_attempt_counts(tmp_path):
    files = {
        "leeann_101_9001_adding-1.ipynb": "first",
        "leeann_LATE_101_9007_adding-2.ipynb": "second",
        "bo_102_9002_adding.ipynb": "bo",
    }
    room = lms.room(packed(tmp_path / "submissions.zip", files))
    assert held(room) == {
        "leeann_101/adding.ipynb": "second",
        "bo_102/adding.ipynb": "bo",
    }
    (early,) = room.refused
    assert "adding-1.ipynb" in str(early) and "earlier attempt" in str(early)


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
    filled = lms_grades.moodle(path, graded)
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
    filled = lms_grades.canvas(path, graded, ["adding", "Adding", "加法"])
    rows = list(csv.reader(filled.path.open(encoding="utf-8", newline="")))
    assert [row[5] for row in rows] == ["Adding (77)", "4", "4", ""]
    assert [row[6] for row in rows] == ["Essay (78)", "10", "9", ""]
    assert (filled.count, filled.waiting) == (1, ["bo_102"])
    with pytest.raises(lms_grades.BadGradeFile, match="which column"):
        lms_grades.canvas(path, graded, ["subtracting"])


@pytest.mark.parametrize(
    ("text", "says"),
    [(b"a,b\n1,2\n", "no column 'Identifier'"), (b"\xff\xfe", "UTF-8"), (b"", "CSV")],
)
def test_a_file_of_another_shape_is_one_line(text, says, tmp_path):
    (tmp_path / "x.csv").write_bytes(text)
    with pytest.raises(lms_grades.BadGradeFile, match=says):
        lms_grades.moodle(tmp_path / "x.csv", [verdict("a_1", 2)])
    other = [verdict("a_1", 2), Verdict("b_2", "plotting")]
    with pytest.raises(lms_grades.BadGradeFile, match="several lessons"):
        lms_grades.moodle(tmp_path / "x.csv", other)


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
    for _ in range(2):
        assert command.main(words) == 1
        out = capsys.readouterr().out
        assert "report.pdf" in out and "Grades.filled.csv (2)" in out
    rows = csv.DictReader((tmp_path / "Grades.filled.csv").open(encoding="utf-8"))
    assert [row["Grade"] for row in rows] == ["10", "0", "", "3.00"]
