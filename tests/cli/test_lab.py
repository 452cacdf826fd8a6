"""`bmkit lab`: which words are its own, and what it says when JupyterLab ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bmkit.course.cli import lab, server
from bmkit.course.cli.main import main
from bmkit.language import speaking


@pytest.mark.parametrize(
    ("words", "names", "options"),
    [
        ("", "", ""),
        ("here", "here", ""),
        ("--port 9123", "", "--port 9123"),
        ("--port=9123 here", "here", "--port=9123"),
        ("here --port 9123", "here", "--port 9123"),
        ("--no-browser here --ip 0.0.0.0", "here", "--no-browser --ip 0.0.0.0"),
        ("-y here", "here", "-y"),
        ("--ServerApp.token x here", "here", "--ServerApp.token x"),
        ("--port 1 --debug a b", "a b", "--port 1 --debug"),
    ],
)
def test_a_value_of_jupyters_is_no_folder(words, names, options):
    assert server.split(words.split()) == (names.split(), options.split())


def test_the_flags_are_jupyterlabs():
    from jupyterlab.labapp import LabApp

    assert set(LabApp.flags) | {"help-all", "version"} == server.FLAGS


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a", "b"], "name one folder"),
        ([""], "'' is no folder"),
        (["no\nwhere"], "no\\nwhere is no folder"),
        (["--update", "addin"], "did you mean adding"),
        (["--update", ""], "no lesson is called ''"),
    ],
)
def test_what_cannot_be_opened_is_one_line(course, capsys, words, says):
    assert main(["lab", "--course", str(course), *words]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


@pytest.mark.integration
@pytest.mark.slow
def test_an_option_that_jupyter_refuses_is_told(course, capsys):
    args = ["lab", "--course", str(course), "--no-browser", "--port", "many"]
    assert main([*args, "--allow-root"]) != 0
    said = capsys.readouterr().err
    assert (
        said.startswith("bmkit lab: JupyterLab ended: ")
        and "port" in said
        and said.count("\n") == 1
    )


def test_a_kernel_learns_which_course_it_is_of(course, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    env = lab._environment(course, own, learner=True)
    assert env[lab.COURSE] == str(course)
    assert str(own) in env["JUPYTER_PATH"].split(os.pathsep)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_log_with_the_token_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "lab.log"
    path.touch(mode=0o644)
    with open(path, "wb", opener=server._private):
        assert Path(path).stat().st_mode & 0o777 == 0o600


def test_what_is_opened_and_what_goes_to_jupyter(course, tmp_path, monkeypatch):
    begun: list[tuple[str, list[str]]] = []

    def serve(start, words, *_):
        begun.append((start, words))
        return 0

    monkeypatch.setattr(server, "serve", serve)
    here = tmp_path / "here"
    here.mkdir()
    assert main(["lab", "--course", str(course), "--port", "9123"]) == 0
    assert main(["lab", "--port", "9123", str(here), "--lang", "zh"]) == 0
    assert main(["lab", "--course", str(course), "--lang", "zh", "--port", "9123"]) == 0
    starts = ["lab/tree/en/start.md", "lab", "lab/tree/zh/%E5%BC%80%E5%A7%8B.md"]
    assert [start for start, _ in begun] == starts
    mine = course / "my-lessons"
    for (_, words), home in zip(begun, (mine, here, mine), strict=True):
        assert f"--ServerApp.root_dir={home}" in words
        assert words[-2:] == ["--port", "9123"]


def test_the_last_line_of_its_log_is_told_without_its_marks(tmp_path):
    log = tmp_path / "lab.log"
    line = "[C 2026-11-27 00:33:21.781 ServerApp] Running as root is not recommended."
    log.write_text(f"before\n{line}\n    at x\n\n", encoding="utf-8")
    assert server._last(log) == "Running as root is not recommended."
    log.write_bytes(b"")
    with speaking("en"):
        assert server._last(log) == "it did not say why"
