"""What is kept is used as long as nothing changed, and never after that."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bmkit.course.build import cache, facts, notebooks, release
from bmkit.course.source import glossary, quotes
from bmkit.course.source.catalog import Course, Lesson


@pytest.fixture(autouse=True)
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A little kit in place of bmkit's own files, which a test may change."""
    home = tmp_path / "bmkit"
    (home / "source").mkdir(parents=True)
    (home / "builder.py").write_text("", encoding="utf-8")
    (home / "source" / "glossary.toml").write_text("", encoding="utf-8")
    monkeypatch.setattr(cache, "PACKAGE", home)
    monkeypatch.setattr(cache, "BEGAN", time.time() + 60)
    cache.kit.cache_clear()
    yield home
    cache.kit.cache_clear()


@pytest.fixture
def lesson(course: Path) -> Lesson:
    return Course(course).lessons()[0]


class Counted:
    """Makes a value, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


def test_nothing_changed_and_it_is_made_once(lesson):
    make = Counted()
    assert [cache.kept(lesson, "x", int, make) for _ in range(3)] == [1, 1, 1]
    assert cache.kept(lesson, "y", int, make) == 2
    assert (lesson.course.state / ".gitignore").read_text() == "*\n"


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def source(course: Path, kit: Path) -> None:
    append(course / "solutions" / "01-first" / "01-adding.py", "\n# one more\n")


def neighbours_title(course: Path, kit: Path) -> None:
    path = course / "solutions" / "02-second" / "01-plotting.py"
    text = path.read_text(encoding="utf-8")
    assert "Plotting" in text
    path.write_text(text.replace("Plotting", "Drawing"), encoding="utf-8")


def neighbours_place(course: Path, kit: Path) -> None:
    (course / "solutions" / "02-second").rename(course / "solutions" / "03-third")


def builders_code(course: Path, kit: Path) -> None:
    append(kit / "builder.py", "CHANGED = True")


def a_new_module(course: Path, kit: Path) -> None:
    (kit / "more.py").write_text("", encoding="utf-8")


def the_glossary(course: Path, kit: Path) -> None:
    append(kit / "source" / "glossary.toml", "[terms]\n")


def the_courses_own_glossary(course: Path, kit: Path) -> None:
    (course / "solutions" / "glossary.toml").write_text("[terms]\n", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        source,
        neighbours_title,
        neighbours_place,
        builders_code,
        a_new_module,
        the_glossary,
        the_courses_own_glossary,
    ],
    ids=lambda change: change.__name__,
)
def test_what_it_depends_on_changed_and_it_is_made_anew(course, kit, lesson, change):
    make = Counted()
    assert cache.kept(lesson, "x", int, make) == 1
    change(course, kit)
    cache.kit.cache_clear()  # as in a new process
    lesson = Course(course).lessons()[0]
    assert cache.kept(lesson, "x", int, make) == 2
    assert cache.kept(lesson, "x", int, make) == 2


def test_another_version_of_what_builds_makes_it_anew(lesson, monkeypatch):
    make = Counted()
    cache.kept(lesson, "x", int, make)
    monkeypatch.setattr(cache.importlib.metadata, "version", lambda name: "99")
    cache.kit.cache_clear()
    assert cache.kept(lesson, "x", int, make) == 2


def test_another_document_to_quote_makes_it_anew(lesson, monkeypatch, tmp_path):
    make = Counted()
    document = tmp_path / "document.txt"
    monkeypatch.setenv(quotes.DOCUMENT, str(document))
    for number, text in enumerate(["# 1. one", "# 1. two"], 1):
        document.write_text(text, encoding="utf-8")
        assert cache.kept(lesson, "x", int, make) == number


def test_code_that_changed_under_a_running_process_keeps_nothing(lesson, monkeypatch):
    make = Counted()
    monkeypatch.setattr(cache, "BEGAN", 0.0)
    assert cache.kept(lesson, "x", int, make) == 1
    cache.kit.cache_clear()
    assert cache.kept(lesson, "x", int, make) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}'])
def test_a_damaged_file_is_made_anew(lesson, text):
    make = Counted()
    cache.kept(lesson, "x", int, make)
    (path,) = (lesson.course.state / "cache" / "x").iterdir()
    path.write_text(text, encoding="utf-8")
    assert cache.kept(lesson, "x", int, make) == 2


def test_where_nothing_can_be_written_it_is_made_each_time(lesson):
    lesson.course.state.mkdir()
    (lesson.course.state / "cache").write_text("in the way", encoding="utf-8")
    make = Counted()
    assert [cache.kept(lesson, "x", int, make) for _ in range(2)] == [1, 2]


def test_a_second_build_reads_no_source(course, monkeypatch):
    first = release.built(Course(course)), facts.notes(Course(course))

    def forbidden(*_):
        raise AssertionError("a source was read")

    monkeypatch.setattr(facts, "_read", forbidden)
    monkeypatch.setattr(release, "source_notebook", forbidden)
    monkeypatch.setattr(notebooks, "source_of", forbidden)
    assert (release.built(Course(course)), facts.notes(Course(course))) == first


def test_a_problem_is_told_again_and_gone_when_it_is_mended(course, adding):
    text = adding.read_text(encoding="utf-8")
    adding.write_text(text.replace('variant="add"', 'variant="ad"'), encoding="utf-8")
    told = []
    for _ in range(2):
        with pytest.raises(Exception, match="no such exercise here") as caught:
            release.built(Course(course))
        told.append(str(caught.value))
    assert told[0] == told[1]
    adding.write_text(text, encoding="utf-8")
    assert len(release.built(Course(course))) == 4


def test_the_glossary_is_inside_the_package():
    """So it is among the files that the key is made of."""
    package = Path(cache.__file__).parents[2]
    assert glossary.HOME.is_relative_to(package)


@pytest.mark.parametrize("value", ['"3"', "null", "[3]", "{}", "true", "1.5"])
def test_what_is_kept_in_another_shape_is_made_anew(lesson, value):
    path = lesson.course.state / "cache" / "x" / "adding.json"
    path.parent.mkdir(parents=True)
    right = cache.key(lesson)
    path.write_text(f'{{"key": "{right}", "value": {value}}}', encoding="utf-8")
    assert cache.kept(lesson, "x", int, lambda: 7) == 7
    path.write_text("[" * 100_000, encoding="utf-8")
    assert cache.kept(lesson, "x", int, lambda: 8) == 8


def test_facts_in_another_shape_are_read_anew(lesson):
    path = lesson.course.state / "cache" / "facts" / "adding.json"
    read = facts.facts(lesson)
    right = json.loads(path.read_text(encoding="utf-8"))
    assert facts.facts(lesson) == read
    for wrong in (3, {}, {"problems": [[1]], "minutes": 3}, {"problems": []}):
        text = json.dumps({**right, "value": wrong})
        path.write_text(text, encoding="utf-8")
        assert facts.facts(lesson) == read
