"""Nothing that somebody wrote in lessons/ is lost, and it does not fail a build."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bmkit.course.build import folder, seal
from bmkit.course.cli.main import main
from bmkit.course.source.catalog import Course

ADDING = Path("en/01-first/01-adding.ipynb")


@pytest.fixture
def built(course) -> Course:
    folder.write(Course(course))
    return Course(course)


def change(path: Path, edit) -> str:
    """Edit a notebook as its reader would; return what stands in it then."""
    book = json.loads(path.read_text(encoding="utf-8"))
    edit(book)
    path.write_text(json.dumps(book, indent=2), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def answer(book) -> None:
    cell = next(cell for cell in book["cells"] if cell["id"] == "add")
    cell["source"] = ["def add(a, b):\n", "    return a + b"]


def output(book) -> None:
    cell = next(cell for cell in book["cells"] if cell["cell_type"] == "code")
    said = {"output_type": "stream", "name": "stdout", "text": ["hello\n"]}
    cell["outputs"], cell["execution_count"] = [said], 1


def own_cell(book) -> None:
    cell = {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "note"}
    book["cells"].append(cell)


def picture(book) -> None:
    cell = next(cell for cell in book["cells"] if cell["cell_type"] == "markdown")
    cell["attachments"] = {"a.png": {"image/png": "AAAA"}}


def no_mark(book) -> None:
    del book["metadata"]["bmkit"]


@pytest.mark.parametrize("edit", [answer, output, own_cell, picture, no_mark])
def test_work_is_kept_and_told_before_the_notebook_is_written(built, capsys, edit):
    mine = change(built.built / ADDING, edit)
    assert main(["build", "--course", str(built.root)]) == 0
    said = capsys.readouterr().err
    copy = built.mine / ADDING
    assert copy.read_text(encoding="utf-8") == mine
    assert str(copy) in said
    assert folder.write(built) == []  # and lessons/ is as it should be
    assert (built.mine / ".gitignore").read_text() == "*\n"


def test_a_second_copy_lies_beside_the_first(built):
    first = change(built.built / ADDING, answer)
    folder.write(built)
    second = change(built.built / ADDING, own_cell)
    told = []
    folder.write(built, lambda path, copy: told.append(copy))
    assert told == [built.mine / ADDING.with_name("01-adding.old-1.ipynb")]
    assert told[0].read_text(encoding="utf-8") == second
    assert (built.mine / ADDING).read_text(encoding="utf-8") == first
    change(built.built / ADDING, answer)
    folder.write(built)
    assert len(list((built.mine / ADDING).parent.iterdir())) == 2  # the same, once


def saved(book) -> None:
    """What JupyterLab does by itself to a notebook that is opened and saved."""
    book["metadata"]["language_info"] = {"name": "python", "version": "3.13.1"}
    book["cells"][0]["metadata"] = {"editable": True}


def test_a_notebook_only_opened_and_saved_needs_no_copy(built):
    change(built.built / ADDING, saved)
    assert folder.write(built) == [built.built / ADDING]
    assert not built.mine.exists()


def test_broken_and_odd_files_are_kept_too(built):
    target = built.built / ADDING
    for number, content in enumerate([b"\xff\xfe\0", b"<<<<<<< HEAD\n", b"[]", b""]):
        target.write_bytes(content)
        told = []
        folder.write(built, lambda path, copy, told=told: told.append(copy))
        assert told[0].read_bytes() == content, number


def test_the_copy_that_cannot_be_made_stops_the_build(built, capsys):
    mine = change(built.built / ADDING, answer)
    built.mine.write_text("in the way", encoding="utf-8")
    assert main(["build", "--course", str(built.root)]) == 1
    said = capsys.readouterr().err
    assert "my-lessons cannot be written" in said.splitlines()[-1]
    assert (built.built / ADDING).read_text(encoding="utf-8") == mine


@pytest.mark.parametrize("edit", [answer, output, own_cell])
def test_work_does_not_make_the_folder_out_of_date(built, edit):
    change(built.built / ADDING, edit)
    assert folder.differences(built) == []


def test_work_on_an_older_version_is_out_of_date(built):
    path = built.built / ADDING
    change(path, lambda book: book["metadata"]["bmkit"]["built"].update(whole="old"))
    assert folder.differences(built) == [f"lessons/{ADDING}: differs from its source"]
    change(path, answer)
    assert folder.differences(built) == [f"lessons/{ADDING}: differs from its source"]


def test_what_is_committed_by_hand_is_found(built):
    """A clean clone holds nobody's work: there a hand-made change is found."""
    git = ["git", "-C", str(built.root)]
    git += ["-c", "user.name=x", "-c", "user.email=x@x"]
    path = built.built / ADDING
    change(path, answer)
    (path.parent / "Untitled.ipynb").write_text("{}", encoding="utf-8")
    subprocess.run([*git, "init", "-q"], check=True)
    assert folder.differences(built) == []
    subprocess.run([*git, "add", "-f", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "by hand"], check=True)
    assert folder.differences(built) == [
        f"lessons/{ADDING}: differs from its source",
        "lessons/en/01-first/Untitled.ipynb: no source gives it",
    ]
    folder.write(built)
    assert not built.mine.exists()  # git has them


def test_line_ends_of_windows_are_no_change(built):
    path = built.built / ADDING
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert folder.differences(built) == []


def test_the_mark_says_what_was_built(built):
    book = seal.read((built.built / ADDING).read_text(encoding="utf-8"))
    assert seal.as_built(book) and not seal.has_work(book)
    saved(book)
    assert not seal.as_built(book) and not seal.has_work(book)
    answer(book)
    assert seal.has_work(book)
    assert not seal.as_built({}) and seal.has_work({})
