"""A course folder for nbgrader: the chosen lessons, and never over a teacher's work."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import nbformat
import pytest

from bmkit.course.build import nbgrader_course
from bmkit.course.cli.main import main
from bmkit.course.source import links
from bmkit.course.source.catalog import Course
from tests.build.test_folder import change

ADDING, PLOTTING = (f"source/{x}/{x}.ipynb" for x in ("adding", "plotting"))


@pytest.fixture
def build(course, tmp_path, capsys):
    """`bmkit build --nbgrader` into a folder; gives the exit code and what is said."""
    target = tmp_path / "my course"

    def run(*words: str, folder: Path = target) -> tuple[int, str, str]:
        args = ["build", "--nbgrader", str(folder), "--course", str(course)]
        code = main([*args, *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    run.target = target
    return run


def test_chosen_lessons_alone(build):
    assert build("plotting")[0] == 0
    assert [p.name for p in (build.target / "source").iterdir()] == ["plotting"]
    code, said, _ = build()
    assert code == 0 and "2 assignments" in said
    assert f"cd {shlex.quote(str(build.target))} &&" in said
    assert (build.target / ADDING).is_file()


def test_both_languages(build):
    assert build("adding", "--both", "--lang", "en")[0] == 0
    for lang in ("en", "zh"):
        book = nbformat.read(build.target / lang / ADDING, 4)
        assert book.metadata.bmkit["lang"] == lang
        assert (build.target / lang / "nbgrader_config.py").is_file()


@pytest.mark.parametrize(
    ("name", "config", "says"),
    [
        ("AI? morning", "c = get_config()\n", "c.CourseDirectory.db_url = "),
        ("50%20off", "c = get_config()\n", "c.CourseDirectory.db_url = "),
        ("AI? morning", "c.CourseDirectory.db_url = 'sqlite:///x'\n", ""),
        ("AI morning", "c = get_config()\n", ""),
        ("AI? morning", "", ""),  # none is there: ours names it
        ("AI [a]", "", "finds no notebooks in a folder with ["),
    ],
)
def test_what_nbgrader_needs_of_a_folder_is_told(build, tmp_path, name, config, says):
    folder = tmp_path / name
    folder.mkdir()
    if config:
        (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    code, _, told = build("adding", folder=folder)
    assert code == 0 and (says in told if says else told == "")
    if config:
        assert (folder / "nbgrader_config.py").read_text("utf-8") == config


@pytest.mark.parametrize("words", ["adding", "--both", "--force"])
def test_what_goes_with_nbgrader_alone_is_refused(course, capsys, words):
    assert main(["build", words, "--course", str(course)]) == 2
    assert "go with --nbgrader" in capsys.readouterr().err


def test_an_unknown_lesson_is_told_and_nothing_is_made(build):
    code, _, said = build("addin")
    assert code == 2 and "did you mean adding" in said
    assert not build.target.exists()


def test_a_wrong_source_stops_only_its_own_assignment(build, course):
    path = course / "solutions" / "02-second" / "01-plotting.py"
    path.write_text(path.read_text("utf-8").replace(' of="', ' of="0'), "utf-8")
    assert build("adding")[0] == 0
    assert build("plotting")[0] == build()[0] == 1


def more_points(book) -> None:
    check = next(c for c in book["cells"] if c["id"] == "check-add")
    check["metadata"]["nbgrader"]["points"] = 5


def own_text(book) -> None:
    book["cells"][0]["source"] = "My title"


@pytest.mark.parametrize("edit", [more_points, own_text])
def test_what_a_teacher_changed_stays_unless_forced(build, course, edit):
    assert build()[0] == 0
    mine = change(build.target / ADDING, edit)
    code, _, said = build()
    assert code == 1 and said.count("\n") == 1
    assert f"{build.target / ADDING} was changed by hand" in said
    assert (build.target / ADDING).read_text("utf-8") == mine

    code, _, said = build("--force")
    kept = build.target / "replaced" / "adding.ipynb"
    assert code == 0 and str(kept) in said
    assert kept.read_text("utf-8") == mine
    assert (build.target / ADDING).read_text("utf-8") != mine
    assert [p.name for p in (build.target / ADDING).parent.iterdir()] == [
        "adding.ipynb"  # nbgrader hands out all that lies here
    ]
    assert build()[0] == 0


@pytest.mark.parametrize("content", ["", "{}", "<<<<<<< HEAD", '{"cells": 3}'])
def test_whatever_lies_there_stays(build, content):
    build()
    (build.target / ADDING).write_text(content, encoding="utf-8")
    assert build()[0] == 1
    assert (build.target / ADDING).read_text("utf-8") == content


def test_what_nobody_changed_is_renewed(build, course):
    build("--lang", "en")
    path = course / "solutions" / "01-first" / "01-adding.py"
    path.write_text(
        path.read_text("utf-8").replace("en: Adding", "en: Adding up"), "utf-8"
    )
    (build.target / "nbgrader_config.py").write_text("# mine", encoding="utf-8")
    assert build()[0] == 0
    assert "Adding up" in (build.target / ADDING).read_text("utf-8")
    assert (build.target / "nbgrader_config.py").read_text("utf-8") == "# mine"


def texts(path: Path) -> str:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] != "code")


def test_links_hold_between_assignments_and_are_words_elsewhere(build):
    build("--lang", "en")
    assert "[Plotting](../plotting/plotting.ipynb)" in texts(build.target / ADDING)
    build("adding", "--lang", "en", folder=build.target / "one")
    alone = texts(build.target / "one" / ADDING)
    assert "Plotting" in alone and "](../" not in alone


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[A](../01-x/02-a.ipynb)", "[A](../a/a.ipynb)"),
        ("[B](../01-x/02-b.ipynb)", "B"),
        ("![A](../01-x/02-a.png)", "![A](../01-x/02-a.png)"),
        (
            "[x\\]y](../01-x/02-a-b.ipynb) [A](../2-x/9-a.ipynb)",
            "x\\]y [A](../a/a.ipynb)",
        ),
        ("[A](https://x.org/../01-x/02-a.ipynb)",) * 2,
    ],
)
def test_a_link_in_an_assignment(text, wanted):
    assert links.between_assignments(text, {"a"}) == wanted


def test_the_lessons_of_a_course_are_written_once(course, tmp_path):
    lessons = Course(course).lessons()
    first = nbgrader_course.write(tmp_path, lessons)
    assert first.assignments == ["adding", "plotting"]
    assert first.left == first.kept == []
    before = (tmp_path / ADDING).stat().st_mtime_ns
    assert nbgrader_course.write(tmp_path, lessons) == first
    assert (tmp_path / ADDING).stat().st_mtime_ns == before
