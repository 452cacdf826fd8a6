"""A folder of submissions is read whole, and nothing in it leads anywhere else."""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from bmkit.course.grade import companions, feedback, gradebook, open_folder
from bmkit.course.grade.intake import IntakeError, copy, find, lookalikes, settle
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.student_names import student_id
from bmkit.course.grade.submitted_file import Note, SubmittedFile

SLUGS = ["adding", "plotting"]


def put(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def reasons(folder: Path) -> dict[str, str]:
    """What was refused, by its path below the folder."""
    return {str(r.path.relative_to(folder)): r.reason for r in find(folder, SLUGS)[1]}


def test_nbgraders_layout_gives_student_lesson_key_and_time(tmp_path):
    path = put(tmp_path / "submitted/ann/adding/adding.ipynb", "one")
    put(tmp_path / "submitted/ann/adding/timestamp.txt", "2026-11-02 10:00:00 UTC\n")
    put(tmp_path / "submitted/李 雷/plotting/plotting.ipynb", "two")
    handed, refused = find(tmp_path, SLUGS)
    assert not refused
    ann, li = handed
    key = hashlib.sha256(b"one").hexdigest()
    assert ann == SubmittedFile(
        *("ann", path, "adding", key, "2026-11-02 10:00:00 UTC"), own_folder=True
    )
    assert (li.student, li.slug, li.submitted) == ("李 雷", "plotting", "")


def test_a_flat_folder_gives_files_and_folders_by_student(tmp_path):
    put(tmp_path / "bob.ipynb")
    put(tmp_path / "ann" / "whatever.ipynb")
    put(tmp_path / "gradebook.db")
    put(tmp_path / "autograded/ann/adding/adding.ipynb")
    handed, refused = find(tmp_path, SLUGS)
    assert [(h.student, h.slug) for h in handed] == [("ann", None), ("bob", None)]
    assert not refused


def test_checkpoints_and_hidden_files_are_passed_over(tmp_path):
    put(tmp_path / "ann.ipynb")
    put(tmp_path / ".ipynb_checkpoints/ann-checkpoint.ipynb")
    put(tmp_path / ".hidden.ipynb")
    handed, refused = find(tmp_path, SLUGS)
    assert [h.student for h in handed] == ["ann"] and not refused


def test_of_two_notebooks_the_one_with_the_lessons_name_counts(tmp_path):
    home = tmp_path / "submitted/ann/adding"
    put(home / "adding.ipynb")
    put(home / "adding-old.ipynb", "old")
    put(tmp_path / "submitted/bob/adding/a.ipynb", "[1]")
    put(tmp_path / "submitted/bob/adding/b.ipynb")
    put(tmp_path / "submitted/cat/adding/mine.ipynb")
    put(tmp_path / "submitted/dan/adding/01-adding.ipynb")
    put(tmp_path / "submitted/dan/adding/Untitled.ipynb", "[]")
    kept, refused = settle(find(tmp_path, SLUGS)[0])
    assert [h.path.name for h in kept] == [
        *("adding.ipynb", "mine.ipynb", "01-adding.ipynb")
    ]
    told = {r.path.name: r.reason for r in refused}
    assert "adding/adding.ipynb is graded" in told["adding-old.ipynb"]
    assert "01-adding.ipynb is graded" in told["Untitled.ipynb"]
    assert "one of 2 notebooks" in told["a.ipynb"] and "b.ipynb" in told


def test_a_flat_folder_is_settled_once_lessons_are_known(tmp_path):
    put(tmp_path / "ann.ipynb")
    put(tmp_path / "ann" / "adding.ipynb", "other")
    handed = [replace(one, slug="adding") for one in find(tmp_path, SLUGS)[0]]
    kept, refused = settle(handed)
    assert [one.path.name for one in kept] == ["adding.ipynb"]
    assert [one.path.name for one in refused] == ["ann.ipynb"]


@pytest.fixture
def secret(tmp_path_factory) -> Path:
    return put(tmp_path_factory.mktemp("elsewhere") / "secret.ipynb", "secret")


def test_no_link_is_followed(tmp_path, secret):
    put(tmp_path / "submitted/ann/adding/adding.ipynb")
    home = tmp_path / "submitted"
    (home / "bob" / "adding").mkdir(parents=True)
    (home / "bob" / "adding" / "adding.ipynb").symlink_to(secret)
    (home / "cat").mkdir()
    (home / "cat" / "adding").symlink_to(secret.parent)
    (home / "dan").symlink_to(home / "ann")
    (home / "ann" / "adding" / "timestamp.txt").symlink_to(secret)
    handed, _ = find(tmp_path, SLUGS)
    assert [(h.student, h.submitted) for h in handed] == [("ann", "")]
    told = reasons(tmp_path)
    for name in (
        "bob/adding/adding.ipynb",
        "cat/adding",
        "dan",
        "ann/adding/timestamp.txt",
    ):
        assert "a link" in told[f"submitted/{name}"], name


def test_a_linked_submitted_folder_is_refused(tmp_path, secret):
    (tmp_path / "submitted").symlink_to(secret.parent)
    assert "a link" in reasons(tmp_path)["submitted"]


def test_a_file_swapped_for_a_link_before_it_is_opened_is_not_read(
    tmp_path, secret, monkeypatch
):
    path = put(tmp_path / "ann.ipynb")
    opened = os.open

    def late(name, *how, **more):
        if name == "ann.ipynb":
            path.unlink()
            path.symlink_to(secret)
        return opened(name, *how, **more)

    monkeypatch.setattr(open_folder.os, "open", late)
    handed, refused = find(tmp_path, SLUGS)
    assert path.is_symlink(), "the swap did not happen"
    assert not handed and [r.path for r in refused] == [path]


def test_a_file_swapped_for_a_device_before_it_is_opened_is_not_read(
    tmp_path, monkeypatch
):
    put(tmp_path / "ann.ipynb")
    opened = os.open

    def late(name, *how, **more):
        return opened("/dev/null" if name == "ann.ipynb" else name, *how, **more)

    monkeypatch.setattr(open_folder.os, "open", late)
    handed, refused = find(tmp_path, SLUGS)
    assert not handed and [r.reason for r in refused] == ["changed while it was read"]


@pytest.mark.parametrize("level", ["file", "folder"])
def test_a_swap_before_copying_is_noticed(tmp_path, secret, level):
    path = put(tmp_path / "hand" / "ann" / "secret.ipynb")
    (one,), _ = find(tmp_path / "hand", SLUGS)
    copied = tmp_path / "copy.ipynb"
    copy(tmp_path / "hand", one, copied)
    assert copied.read_bytes() == path.read_bytes()
    path.unlink()
    if level == "file":
        path.symlink_to(secret)
    else:
        path.parent.rmdir()
        path.parent.symlink_to(secret.parent)
    with pytest.raises(IntakeError, match="a link"):
        copy(tmp_path / "hand", one, copied)
    assert not copied.exists()


def test_other_bytes_than_those_found_are_not_copied(tmp_path):
    path = put(tmp_path / "ann.ipynb", "right")
    (one,), _ = find(tmp_path, SLUGS)
    path.write_text("other")
    with pytest.raises(IntakeError, match="changed"):
        copy(tmp_path, one, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_pipes_devices_and_sockets_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ann.ipynb")
    assert reasons(tmp_path) == {"ann.ipynb": "not a file"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_not_opened(tmp_path):
    try:
        os.mknod(tmp_path / "ann.ipynb", 0o20600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container makes no devices")
    assert reasons(tmp_path) == {"ann.ipynb": "not a file"}


NAMES = [
    *("King Jr.", "bob ", "bob.", " anna", "None", "007", "1e5", "NaN", "TRUE", "CON"),
    *(
        "-rf",
        "=1+1",
        "@sum",
        "a,b",
        "a;b",
        "a*",
        "a[0]",
        "a%s",
        "a\\b",
        'a"b',
        "O’Brien",
    ),
    *(
        "李雷",
        "می\u200cشود",
        "क्\u200dष",
        "שרה\u200f",
        "👩\u200d🎓",
        "İpek",
        "ﬁona",
        "$(x)",
    ),
    *("x" * 128, "字" * 83, "`x`", "a&b<i>", "Participant_55,", "~", "a~b", "#1?"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_an_id_as_it_stands(tmp_path, name):
    put(tmp_path / "flat" / f"{name}.ipynb")
    put(tmp_path / "course/submitted" / name / "adding/adding.ipynb")
    for folder in (tmp_path / "flat", tmp_path / "course"):
        handed, told = find(folder, SLUGS)
        assert [one.student for one in handed] == [name] and not told
        made = Verdict(name, "adding", notebook='{"cells": []}')
        assert feedback.write(folder, made).is_file()
        assert gradebook.write_notebook(folder, made).is_file()


@pytest.mark.parametrize(
    "name",
    [
        *("a\x1b[2J", "a\nb", "a\rb", "\u202eevil", "\u2066x", "a\u2028b", "a\x7fb"),
        *(os.fsdecode(b"caf\xe9"), "x" * 225, "x" * 249),
    ],
    ids=lambda name: ascii(name)[:12],
)
def test_a_name_that_nothing_shows_or_keeps_gets_one_that_is_told(tmp_path, name):
    (tmp_path / f"{name}.ipynb").write_text("{}")
    put(tmp_path / "ann.ipynb")
    handed, (note,) = find(tmp_path, SLUGS)
    (made,) = {one.student for one in handed} - {"ann"}
    assert made in str(note) and isinstance(note, Note)
    assert str(note).isprintable() and made.isprintable()
    assert len(made) <= 128 and len(made.encode()) <= 255
    assert feedback.write(tmp_path, Verdict(made, "adding")).is_file()


def test_names_that_had_to_be_changed_stay_two():
    ids = {student_id(name) for name in ("a\nb", "a\rb", "x" * 200, "x" * 201)}
    assert len(ids) == 4


def test_composed_and_decomposed_letters_are_one_student(tmp_path):
    for form in ("NFC", "NFD"):
        put(tmp_path / f"{unicodedata.normalize(form, 'José')}.ipynb", "same")
    handed, told = find(tmp_path, SLUGS)
    assert {one.student for one in handed} == {"José"} and len(handed) == 2
    kept, (note,) = settle([replace(one, slug="adding") for one in handed])
    assert len(kept) == 1 and not told
    assert isinstance(note, Note) and "the same file" in note.reason


@pytest.mark.parametrize(
    "pair",
    [
        *(
            ("ann", "аnn"),
            ("ann", "ａｎｎ"),
            ("ann", "Ann"),
            ("bob", "bob "),
            ("bob", "bob."),
        ),
        *(("O'Brien", "O’Brien"), ("ann", "an\u200dn"), ("ﬁona", "fiona")),
    ],
)
def test_names_that_look_alike_are_told(tmp_path, pair):
    for name in (*pair, "jose", "josé"):
        put(tmp_path / f"{name}.ipynb")
    handed, told = find(tmp_path, SLUGS)
    assert len(handed) == 4 and not told
    (note,) = lookalikes(handed)
    assert "is it one student?" in str(note)
    assert all(ascii(name)[1:-1] in str(note) for name in pair)


@pytest.mark.parametrize(
    "said", [b"9" * 40 + b"h", b"\xff\x00\x80", b"tomorrow", b"2" * 10**6, b"1e999 h"]
)
def test_a_time_that_is_none_is_passed_over(tmp_path, said):
    home = put(tmp_path / "submitted/ann/adding/adding.ipynb").parent
    (home / "timestamp.txt").write_bytes(said)
    (one,), (note,) = find(tmp_path, SLUGS)
    assert one.submitted == "" and isinstance(note, Note) and "no time" in note.reason


def test_archives_are_to_be_unpacked(tmp_path):
    put(tmp_path / "ann.zip")
    put(tmp_path / "bob.ipynb", "PK\x03\x04")
    told = reasons(tmp_path)
    assert "unpack" in told["ann.zip"] and "unpack" in told["bob.ipynb"]
    put(tmp_path / "submitted" / "ann.tar.gz")
    assert "unpack" in reasons(tmp_path)["submitted/ann.tar.gz"]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        *(
            ("bob.ipynb.txt", "bob"),
            ("carl.IPYNB", "carl"),
            ("dora.ipynb.json", "dora"),
        ),
        *(("hal.ipynb ", "hal"), ("ida.ipynb.crdownload", "ida"), ("jo.Ipynb", "jo")),
        *(("kim.ipynb.ipynb", "kim"), ("emil.py", "emil"), ("fay.MD", "fay")),
        *(("a.b.ipynb", "a.b"), ("bob..ipynb", "bob."), ("bob .ipynb", "bob ")),
    ],
)
def test_a_notebook_is_taken_whatever_its_ending(tmp_path, name, student):
    put(tmp_path / "flat" / name)
    put(tmp_path / "course/submitted/ann/adding" / name)
    (one,), told = find(tmp_path / "flat", SLUGS)
    assert one.student == student and not told
    (one,), told = find(tmp_path / "course", SLUGS)
    assert one.path.name == name and not told


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *(("a.html", "a web page"), ("a.pdf", "a PDF"), ("a.zip", "unpack it")),
        *(("a.docx", "not a notebook"), ("a", "not a notebook"), ("a.csv", "a table")),
        ("a.ipynb.html", "a web page"),
    ],
)
def test_every_other_file_is_listed(tmp_path, name, says):
    put(tmp_path / "flat" / name)
    put(tmp_path / "course/submitted/ann/adding" / name)
    for folder in (tmp_path / "flat", tmp_path / "course"):
        handed, (line,) = find(folder, SLUGS)
        assert not handed and says in line.reason and line.path.name == name


def test_what_we_make_and_systems_leave_is_not_listed(tmp_path):
    for name in (
        *("gradebook.db", "gradebook.db-journal", "grades.csv", "room.html"),
        *("ann.feedback.html", "Thumbs.db", "__MACOSX/x.ipynb", ".DS_Store"),
    ):
        put(tmp_path / name)
    assert find(tmp_path, SLUGS) == ([], [])


def test_a_notebook_in_a_students_folder_without_a_lessons_is_found(tmp_path):
    put(tmp_path / "submitted/ann/adding.ipynb")
    (one,), told = find(tmp_path, SLUGS)
    assert (one.student, one.slug, told) == ("ann", None, [])


LAYOUTS = ["submitted/ann/adding/adding.ipynb", "ann/mine.ipynb"]


@pytest.mark.parametrize("place", LAYOUTS)
def test_the_files_beside_a_notebook_come_along(tmp_path, place):
    path = put(tmp_path / place, "{}")
    for name in ("helper.py", "data.csv", "images/a/b.png", "photos.zip", "notes.md"):
        put(path.parent / name, name)
    (one,), told = find(tmp_path, SLUGS)
    assert not told and one.own_folder
    found = copy(tmp_path, one, tmp_path / "copy")
    assert found.files == {
        name: name.encode()
        for name in (
            "helper.py",
            "data.csv",
            "images/a/b.png",
            "photos.zip",
            "notes.md",
        )
    }
    put(path.parent / "helper.py", "other")
    with pytest.raises(IntakeError, match="changed"):
        copy(tmp_path, one, tmp_path / "copy")
    assert find(tmp_path, SLUGS)[0][0].key != one.key, "the change would go unseen"


def test_in_a_flat_folder_nothing_of_anybody_else_comes_along(tmp_path):
    for name in ("ann.ipynb", "bob.ipynb", "bob.py"):
        put(tmp_path / name)
    one = next(one for one in find(tmp_path, SLUGS)[0] if one.student == "ann")
    assert copy(tmp_path, one, tmp_path / "copy").files == {}


@pytest.mark.parametrize("place", LAYOUTS)
def test_what_must_not_come_along_does_not_and_is_told(tmp_path, secret, place):
    home = put(tmp_path / place).parent
    for name in (
        *("torch.py", "json.py", "numpy/__init__.py", "bmkit/lab.py", "torch.abi3.so"),
        *("sitecustomize.py", "a/b/c/d/e/f.txt"),
    ):
        put(home / name)
    (home / "link.csv").symlink_to(secret)
    (home / "linked").symlink_to(secret.parent)
    os.mkfifo(home / "pipe.txt")
    for name in (
        "x.feedback.html",
        "timestamp.txt",
        "submission_secret.txt",
        ".hidden",
    ):
        put(home / name, "")
    put(home / "numpy" / "data.csv")  # as data it may have any name
    (one,), told = find(tmp_path, SLUGS)
    assert set(copy(tmp_path, one, tmp_path / "copy").files) == {"numpy/data.csv"}
    listed = {str(note.path.relative_to(home)) for note in told}
    assert listed == {
        *("torch.py", "json.py", "numpy/__init__.py", "bmkit/lab.py", "torch.abi3.so"),
        *("sitecustomize.py", "a/b/c/d/e", "link.csv", "linked", "pipe.txt"),
    }
    assert all(isinstance(note, Note) for note in told)


def test_few_and_small_files_come_along(tmp_path, monkeypatch):
    monkeypatch.setattr(companions, "FILES", 3)
    monkeypatch.setattr(companions, "BYTES", 1000)
    home = put(tmp_path / "ann/mine.ipynb").parent
    for name, size in (("a", 900), ("b", 10), ("c", 950), ("d", 20), ("e", 5)):
        put(home / f"{name}.txt", "x" * size)
    (one,), told = find(tmp_path, SLUGS)
    found = copy(tmp_path, one, tmp_path / ".copy")
    assert sorted(found.files) == ["b.txt", "d.txt", "e.txt"]
    assert len(told) == 2 and "more than 3 files" in told[0].reason
    (home / "d.txt").unlink()
    (home / "c.txt").unlink()
    put(home / "f.txt", "x" * 100)
    (_,), (note,) = find(tmp_path, SLUGS)
    assert note.path.name == "a.txt" and "left out" in note.reason


def test_one_file_graded_takes_only_what_it_names(tmp_path):
    path = put(tmp_path / "mine.ipynb")
    for name in (
        *("helper.py", "deep.py", "other.py", "data.csv", "secret.csv", "pics/a.png"),
        *("tools/__init__.py", "bob.ipynb", "pics/x.ipynb", "numpy.py"),
    ):
        put(tmp_path / name, "from deep import g" if name == "helper.py" else "")
    code = "from helper import f\nimport tools, numpy\nopen('./data.csv')\nls('pics')"
    found = companions.named(path, code)
    assert set(found.files) == {
        *("helper.py", "deep.py", "data.csv", "pics/a.png", "tools/__init__.py")
    }
    assert set(found.left) == {"numpy.py"}
    assert companions.named(path, "x = 1").files == {}


def test_a_file_above_the_limit_is_refused(tmp_path):
    with (tmp_path / "ann.ipynb").open("wb") as file:
        file.truncate(open_folder.BIGGEST + 1)
    with (tmp_path / "bob.ipynb").open("wb") as file:
        file.truncate(open_folder.BIGGEST)
    handed, refused = find(tmp_path, SLUGS)
    assert [h.student for h in handed] == ["bob"]
    assert "50 MiB" in refused[0].reason
    with (tmp_path / "bob.ipynb").open("r+b") as file:
        file.write(b'"application/vnd.jupyter.widget-state+json"')
        file.truncate(open_folder.BIGGEST + 1)
    assert "Save Widget State" in reasons(tmp_path)["bob.ipynb"]


def test_what_holds_no_submission_is_said_once(tmp_path):
    (tmp_path / "submitted/ann/adding").mkdir(parents=True)
    put(tmp_path / "submitted/ann/essay/essay.ipynb")
    put(tmp_path / "submitted/bob.ipynb")
    told = reasons(tmp_path)
    assert told["submitted/ann/adding"] == "no notebook in it"
    assert told["submitted/ann/essay"] == "no lesson has this name"
    assert told["submitted/bob.ipynb"] == "not a folder"
    assert len(told) == 3


def test_a_deeper_folder_in_a_flat_one_is_not_lost_silently(tmp_path):
    put(tmp_path / "ann/week1/adding.ipynb")
    assert "move its notebooks up" in reasons(tmp_path)["ann/week1"]


def test_no_folder_or_the_wrong_one_is_one_line(tmp_path):
    with pytest.raises(IntakeError, match="no such file"):
        find(tmp_path / "none", SLUGS)
    (tmp_path / "submitted").mkdir()
    with pytest.raises(IntakeError, match="the course folder"):
        find(tmp_path / "submitted", SLUGS)


def test_blank_lines_do_not_keep_who_looks_for_imports(tmp_path):
    (tmp_path / "helper.py").write_text("x = 1\n")
    code = "\n" * 100_000 + "  import helper"
    began = time.process_time()
    found = companions.named(tmp_path / "mine.ipynb", code)
    assert [*found.files] == ["helper.py"]
    assert time.process_time() - began < 3
