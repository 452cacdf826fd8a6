"""The lesson that CONTRIBUTING shows is stamped, built and run as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bmkit.course.cli.main import main
from tests import ROOT

PATH = "solutions/02-architectures/07-doubling.py"


@pytest.mark.integration
def test_the_lesson_of_contributing_goes_the_whole_way(tmp_path: Path, capsys) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert PATH in text
    (lesson,) = re.findall(r"```python\n(# ---\n.*?)```", text, re.DOTALL)
    path = tmp_path / PATH
    path.parent.mkdir(parents=True)
    # In a course of its own the lesson before it is not there.
    path.write_text(lesson.replace("[attention]", "[]"), encoding="utf-8")
    here = ["--course", str(tmp_path)]
    assert main(["build", *here]) == 1
    assert "without its hash: run `bmkit stamp`" in capsys.readouterr().err
    assert main(["stamp", *here]) == 0
    assert main(["build", *here]) == 0
    told = capsys.readouterr().err
    assert "note: a lesson has 3 to 6 exercises, this has 1" in told
    assert main(["build", "--check", *here]) == 0
    assert main(["run", *here]) == 0
    assert "1 of 1 lessons are good" in capsys.readouterr().out
    assert main(["mutants", "doubling", *here]) == 0
    right, weak = "double(-1.25), -2.5", "double(3), 6.0"
    path.write_text(path.read_text(encoding="utf-8").replace(right, weak))
    capsys.readouterr()
    assert main(["mutants", "doubling", "double", *here]) == 1
    told = capsys.readouterr().out.splitlines()
    survivors = [row for row in told if row.startswith("solutions/")]
    assert len(survivors) == 3 and all(row in text for row in survivors)
