"""A learner's copies: what they wrote is never overwritten, and can be taken along."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bmkit.course.build import folder, my_lessons, seal, start_page
from bmkit.course.cli.main import main
from bmkit.course.source.catalog import Course
from tests.build.test_folder import ADDING, answer, change, output, own_cell, saved

BETTER = "Return the sum of two numbers"  # stands in the docstring of the exercise


@pytest.fixture
def built(course) -> Course:
    folder.write(Course(course))
    return Course(course)


def bring(course: Course) -> dict[str, my_lessons.Copy]:
    copies = my_lessons.bring(course, course.readable()[0], "en")
    return {copy.lesson.slug: copy for copy in copies}


def renew(course: Course) -> None:
    """The lesson changes: another title, so another first cell."""
    path = course.solutions / "01-first" / "01-adding.py"
    text = path.read_text(encoding="utf-8")
    assert "en: Adding" in text
    path.write_text(text.replace("en: Adding", "en: Adding up"), encoding="utf-8")
    folder.write(course)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def sources(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(read(path))["cells"]]


def test_copies_lie_as_the_lessons_do_and_git_ignores_them(built):
    copies = bring(built)
    assert [copy.path for copy in copies.values()] == [
        built.mine / "en" / lesson.built for lesson in built.lessons()
    ]
    assert read(built.mine / ADDING) == read(built.built / ADDING)
    assert read(built.mine / ".gitignore") == "*\n"
    assert copies["adding"].exercises == ("add",)


@pytest.mark.parametrize("edit", [None, saved])
def test_a_copy_without_work_is_renewed(built, edit):
    bring(built)
    if edit:
        change(built.mine / ADDING, edit)
    renew(built)
    assert not bring(built)["adding"].newer
    assert read(built.mine / ADDING) == read(built.built / ADDING)
    assert "Adding up" in sources(built.mine / ADDING)[0]


@pytest.mark.parametrize("edit", [answer, output, own_cell])
def test_a_copy_with_work_stays_and_the_new_version_is_offered(built, edit):
    bring(built)
    mine = change(built.mine / ADDING, edit)
    assert not bring(built)["adding"].newer
    renew(built)
    copies = bring(built)
    assert copies["adding"].newer and read(built.mine / ADDING) == mine
    page = start_page.page(built.mine / "en", list(copies.values()), "en")
    assert "bmkit lab --update adding" in page


@pytest.mark.parametrize("content", [b"", b"\xff\0", b"[]", b"{}", b"<<<<<<< HEAD"])
def test_whatever_has_a_copys_name_stays(built, content):
    bring(built)
    (built.mine / ADDING).write_bytes(content)
    renew(built)
    assert bring(built)["adding"].newer
    assert (built.mine / ADDING).read_bytes() == content


def test_a_folder_or_a_lost_link_of_that_name_stays(built):
    place = built.mine / ADDING
    place.mkdir(parents=True)
    assert bring(built)["adding"].path.is_dir()
    place.rmdir()
    place.symlink_to("nowhere")
    bring(built)
    assert place.is_symlink()


def test_work_in_lessons_goes_on_in_the_first_copy(built):
    mine = change(built.built / ADDING, answer)
    bring(built)
    assert read(built.mine / ADDING) == mine


@pytest.mark.parametrize("lost", ["folder", "broken"])
def test_lessons_that_are_not_there_are_built(built, lost):
    right = read(built.built / ADDING)
    if lost == "folder":
        shutil.rmtree(built.built)
    else:
        (built.built / ADDING).write_text("<<<<<<< HEAD", encoding="utf-8")
    bring(built)
    assert read(built.mine / ADDING) == right


def test_a_copy_follows_its_lesson_to_another_number(built):
    bring(built)
    mine = change(built.mine / ADDING, answer)
    old = built.solutions / "01-first" / "01-adding.py"
    old.rename(old.with_name("07-adding.py"))
    (copy,) = (c for c in bring(built).values() if c.lesson.slug == "adding")
    assert copy.path.name == "07-adding.ipynb" and read(copy.path) == mine
    assert not (built.mine / ADDING).exists()


def everything(book) -> None:
    """An answer, a note after it, a changed setting, a second cell of its name."""
    answer(book)
    names = [cell["id"] for cell in book["cells"]]
    place = names.index("add")
    copy = {**book["cells"][place], "id": "copied", "source": "def add(a, b): ..."}
    note = {"cell_type": "markdown", "id": "note", "metadata": {}, "source": "my note"}
    book["cells"][place + 1 : place + 1] = [note, copy]
    settings = next(cell for cell in book["cells"] if "seed = 0\n" in cell["source"])
    settings["source"] = "".join(settings["source"]).replace("seed = 0", "seed = 7")
    output(book)


def test_an_update_takes_the_work_along_and_keeps_the_old_file(built, capsys):
    bring(built)
    mine = change(built.mine / ADDING, everything)
    renew(built)
    assert main(["lab", "--update", "adding", "--course", str(built.root)]) == 0
    said = capsys.readouterr().out
    assert "your answers (1)" in said and "other cells of yours (3)" in said
    old = built.mine / ADDING.with_name("01-adding.old-1.ipynb")
    assert read(old) == mine and str(old) in said
    found = sources(built.mine / ADDING)
    assert "Adding up" in found[0]
    place = found.index("def add(a, b):\n    return a + b")
    assert found[place + 1 : place + 3] == ["my note", "def add(a, b): ..."]
    assert any("seed = 7" in one for one in found)
    book = seal.read(read(built.mine / ADDING))
    assert not any(cell.get("outputs") for cell in book["cells"])
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    assert not bring(built)["adding"].newer
    assert main(["lab", "--update", "adding", "--course", str(built.root)]) == 0
    assert "newest version" in capsys.readouterr().out
    assert len(list(old.parent.iterdir())) == 2


def test_a_stub_and_a_locked_check_are_not_taken_along(built):
    def meddle(book):
        own_cell(book)
        check = next(c for c in book["cells"] if c["id"] == "check-add")
        check["source"] = "pass"

    bring(built)
    change(built.mine / ADDING, meddle)
    path = built.solutions / "01-first" / "01-adding.py"
    text = read(path)
    assert BETTER in text
    path.write_text(text.replace(BETTER, f"{BETTER}, whatever they are"), "utf-8")
    folder.write(built)
    done = my_lessons.update(built, built.lessons()[0], "en")
    assert (done.answers, done.cells) == (0, 1)
    assert "whatever they are" in read(built.mine / ADDING)
    assert "pass" not in sources(built.mine / ADDING)


def test_an_answer_whose_exercise_is_gone_is_a_cell_of_its_own(built):
    bring(built)

    def elsewhere(book):
        answer(book)
        cell = next(cell for cell in book["cells"] if cell["id"] == "add")
        cell["id"] = cell["metadata"]["nbgrader"]["grade_id"] = "plus"

    change(built.mine / ADDING, elsewhere)
    renew(built)
    done = my_lessons.update(built, built.lessons()[0], "en")
    assert (done.answers, done.cells) == (0, 1)
    assert "def add(a, b):\n    return a + b" in sources(built.mine / ADDING)


def test_no_command_touches_what_is_there(built, monkeypatch, tmp_path):
    bring(built)
    change(built.mine / ADDING, answer)
    before = {p: p.read_bytes() for p in built.mine.rglob("*") if p.is_file()}
    renew(built)
    for words in ("build", "build --check", "list", "progress", "claims x"):
        main([*words.split(), "--course", str(built.root)])
    assert {p: p.read_bytes() for p in built.mine.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_start_page_links_each_lesson_with_what_is_solved(built, monkeypatch, lang):
    record = built.root / "progress.json"
    entry = {"points": 2, "passed": True, "attempts": 1}
    record.write_text(json.dumps({"adding": {"add": entry}}), encoding="utf-8")
    monkeypatch.setenv("BMKIT_PROGRESS", str(record))
    home = built.mine / lang
    copies = my_lessons.bring(built, built.lessons(), lang)
    path = start_page.write(home, copies, lang)
    text = read(path)
    for copy in copies:
        link = copy.path.relative_to(home).as_posix()
        assert f"[{copy.lesson.title[lang]}]({link})" in text
    row = next(row for row in text.splitlines() if "01-adding.ipynb)" in row)
    assert "✓ 1/1" in row and "| 5 |" in row
    if lang == "zh":
        assert path.name == "开始.md" and "先修" in text


def test_a_page_that_somebody_changed_is_kept(built):
    copies = list(bring(built).values())
    path = start_page.write(built.mine / "en", copies, "en")
    start_page.write(built.mine / "en", copies[:1], "en")
    assert not path.with_name("start.old-1.md").exists()
    path.write_text("my plan", encoding="utf-8")
    start_page.write(built.mine / "en", copies, "en")
    assert read(path.with_name("start.old-1.md")) == "my plan"
    assert "my plan" not in read(path)
