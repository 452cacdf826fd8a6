"""The lesson's notebook is found wherever it lies, whatever lies beside it."""

from __future__ import annotations

import copy
import json
import os

import pytest

from bmkit.lab import course_files, exercises


def book(hint: str, lang: str = "en") -> dict:
    def cell(kind: str, source: str, **meta: object) -> dict:
        return {"cell_type": kind, "source": source, "metadata": meta}

    points = {"nbgrader": {"points": 2}}
    return {
        "metadata": {"bmkit": {"slug": "adding", "lang": lang}},
        "cells": [
            cell("code", "def add(a, b): ...", bmkit={"exercise": "add"}),
            cell("code", "assert add(1, 2) == 3", bmkit={"check": "add"}, **points),
            cell("markdown", f"<summary>1</summary>{hint}", bmkit={"hint": "add"}),
        ],
    }


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in; no front end says which notebook runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("BMKIT_COURSE", str(tmp_path / "course"))
    return tmp_path


def put(path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def hints(lang: str = "en") -> list[str]:
    found = exercises.of_lesson("adding", lang)
    return found["add"].hints if found else []


def odd_metadata(place: str) -> str:
    made = copy.deepcopy(book("odd"))
    del made["cells"][1:]
    if place == "book":
        made["metadata"] = None
    elif place == "kit":
        made["metadata"]["bmkit"] = 3
    elif place == "cells":
        made["cells"] = {"0": 1}
    else:
        made["cells"] = [None, 3, {"metadata": None}, {"metadata": {"bmkit": []}}]
    return json.dumps(made)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"3",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe\x00binary\x00",
        b'{"metadata": null, "cells": []}',
        b'{"metadata": {"bmkit": null}, "cells": null}',
        b"[" * 100_000,
        *(odd_metadata(p).encode() for p in ("book", "kit", "cells", "cell")),
    ],
)
def test_neighbours_that_are_no_notebooks_are_passed_over(here, content):
    (here / "a.ipynb").write_bytes(content)
    put(here / "z.ipynb", book("mine"))
    assert hints() == ["mine"]


def test_neighbours_that_are_no_files_are_passed_over(here):
    (here / "a.ipynb").mkdir()
    (here / "b.ipynb").symlink_to(here / "nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(here / "c.ipynb")
    with open(here / "d.ipynb", "wb") as huge:
        huge.truncate(exercises.LARGEST + 1)
    put(here / "z.ipynb", book("mine"))
    assert hints() == ["mine"]


def test_a_byte_order_mark_does_not_hide_the_lesson(here):
    text = json.dumps(book("mine"))
    (here / "a.ipynb").write_text(text, encoding="utf-8-sig")
    assert hints() == ["mine"]


def test_the_running_notebook_comes_first_then_its_neighbours(here, monkeypatch):
    put(here / "a.ipynb", book("neighbour"))
    put(here / "elsewhere" / "mine.ipynb", book("running"))
    assert hints() == ["neighbour"]
    named = str(here / "elsewhere" / "mine.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", named)
    assert hints() == ["running"]
    monkeypatch.setenv("JPY_SESSION_NAME", str(here / "gone.ipynb"))
    assert hints() == ["neighbour"]


def test_of_two_neighbours_the_one_in_the_lessons_language_counts(here):
    put(here / "a.ipynb", book("english", "en"))
    put(here / "b.ipynb", book("chinese", "zh"))
    assert hints("zh") == ["chinese"] and hints("en") == ["english"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_with_no_notebook_on_disk_bmkits_own_is_taken(here, lang):
    for one in ("en", "zh"):
        home = here / "course" / "lessons" / one / "01-first"
        put(home / "01-adding.ipynb", book(one, one))
        put(home / "02-more-adding.ipynb", {"metadata": {"bmkit": {"slug": "more"}}})
    assert hints(lang) == [lang]


def test_the_course_is_the_checkouts_or_what_the_wheel_carries(tmp_path, monkeypatch):
    monkeypatch.delenv("BMKIT_COURSE", raising=False)
    assert (course_files.folder() / "lessons" / "en").is_dir()
    monkeypatch.setattr(course_files, "INSIDE", tmp_path)
    assert course_files.folder() == tmp_path
