"""Long commands show a table in a terminal, and lines where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bmkit.course.grade.intake import Refused
from bmkit.course.grade.progress import Board as GradeBoard
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.run.progress import Board as RunBoard
from bmkit.course.run.result import Result

VERDICT = Verdict("ann", "adding", marks=[Mark("add", 1, 2)])


def grade() -> None:
    with GradeBoard() as board:
        board.expecting(2, 1)
        board.graded(VERDICT)
        board.refused(Refused(Path("x[red].ipynb"), "it is empty"))


def run() -> None:
    with RunBoard(["adding", "plotting"]) as board:
        board.finished(Result("adding", "Adding", "passed"))


def test_lines_where_there_is_no_terminal(capsys):
    grade()
    run()
    first, verdict, refused, result = capsys.readouterr().out.splitlines()
    assert first.startswith("2 submissions")
    assert verdict.split()[:4] == ["✓", "ann", "adding", "1/2"]
    assert refused == "✗ x[red].ipynb: it is empty"
    assert result.split()[:3] == ["✓", "adding", "passed"]


@pytest.mark.parametrize(("work", "last"), [(grade, "2 of 2 done"), (run, "1 of 2")])
def test_a_table_in_a_terminal(work, last, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    work()
    shown = capsys.readouterr().out
    assert "adding" in shown and last in shown
    assert work is run or "✗ x[red].ipynb: it is empty" in shown
