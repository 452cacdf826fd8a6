"""The record of what is solved: kept by many at once, whatever stands in the file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bmkit.lab import progress


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("BMKIT_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def test_three_processes_at_once_lose_nothing(file):
    code = (
        "import sys\nfrom bmkit.lab import progress\n"
        "for n in range(20):\n    progress.record(sys.argv[1], f'e{n}', 1, True)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, slug]) for slug in ("a", "b", "c")
    ]
    assert [one.wait() for one in started] == [0, 0, 0]
    assert {slug: len(found) for slug, found in progress.load().items()} == {
        "a": 20,
        "b": 20,
        "c": 20,
    }


@pytest.mark.parametrize(
    "text", ["", "{broken", '{"a": {"x": {"points": 3, ', "[]", "3"]
)
def test_a_broken_file_is_said_and_put_aside(file, text, capsys):
    file.write_text(text, encoding="utf-8")
    with pytest.raises(progress.BadRecord, match="cannot be read") as caught:
        progress.load()
    assert str(file) in str(caught.value)
    assert progress.record("adding", "add", 2, True) == 1
    assert progress.load()["adding"]["add"]["passed"]
    aside = file.with_suffix(".broken.json")
    assert aside.read_text(encoding="utf-8") == text
    said = capsys.readouterr().out
    assert str(aside) in said and said.count("\n") == 1
    file.write_text("again", encoding="utf-8")
    progress.record("adding", "add", 2, True)
    assert aside.read_text(encoding="utf-8") == text
    assert file.with_suffix(".broken-2.json").read_text(encoding="utf-8") == "again"


@pytest.mark.parametrize(
    "found",
    [
        {"welcome": 3},
        {"welcome": None, "w": {"a": 1}},
        {"w": {"a": {"passed": "yes", "attempts": 1}, "b": []}},
        {"w": {"a": {"passed": True, "attempts": None}}},
        {"w": {"a": {"passed": True, "points": 1}}},
    ],
)
def test_what_is_no_entry_is_kept_and_passed_over(file, found):
    file.write_text(json.dumps(found), encoding="utf-8")
    assert not any(progress.load().values())
    progress.record("adding", "add", 2, True)
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept.pop("adding") == {"add": {"points": 2, "passed": True, "attempts": 1}}
    assert kept == found


def test_a_byte_order_mark_loses_nothing(file):
    before = {"w": {"a": {"points": 1, "passed": True, "attempts": 4}}}
    file.write_text(json.dumps(before), encoding="utf-8-sig")
    assert progress.load() == before
    progress.record("w", "b", 2, False)
    assert progress.load()["w"]["a"] == before["w"]["a"]


def test_what_is_solved_counts_no_attempt_any_more(file):
    for right in (False, False, True, True, False):
        progress.record("w", "a", 1, right)
    assert progress.load()["w"]["a"] == {"points": 1, "passed": True, "attempts": 3}


def test_a_session_that_is_not_kept_writes_nothing(file, monkeypatch):
    monkeypatch.setattr(progress, "_unkept", {})
    progress.record("w", "a", 1, True, keep=False)
    assert not file.exists()
    entry = progress.of("w", "a", keep=False)
    assert entry == {"points": 1, "passed": True, "attempts": 1}


@pytest.mark.parametrize(
    "odd",
    [
        {"attempts": -5, "asked": -9},
        {"attempts": 0.5, "asked": 0.25},
        {"attempts": float("inf"), "asked": float("nan")},
        {"attempts": False, "points": -2, "answered": "no"},
        {"attempts": 0, "points": float("nan"), "answered": 1},
    ],
)
def test_an_entry_of_odd_numbers_is_read(file, odd):
    file.write_text(json.dumps({"w": {"a": {"passed": True, **odd}}}))
    assert progress.load()["w"]["a"] == {"points": 0, "passed": True, "attempts": 0}
    progress.record("w", "a", 2, False)
    assert progress.solved(progress.of("w", "a"))
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept == {"w": {"a": {"points": 2, "passed": True, "attempts": 0}}}
