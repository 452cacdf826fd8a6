"""A lesson alone, as on Colab: the link to it, and the cell that installs bmkit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bmkit.course.build import colab, nbgrader_course, release
from bmkit.course.source.catalog import Course

HOME = "https://github.com/somebody/big"
URL = "https://colab.research.google.com/github/somebody/big/blob/main/lessons"


@pytest.fixture
def lesson(course):
    settings = course / "pyproject.toml"
    settings.write_text(f'[tool.bmkit]\nhome = "{HOME}"\n', encoding="utf-8")
    return Course(course).lessons()[0]


def installing(book):
    return [c for c in book.cells if c.cell_type == "code" and "pip" in c.source]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_address_comes_from_one_setting(lesson, lang):
    book = release.learner_notebook(lesson, lang)
    assert f"({URL}/{lang}/01-first/01-adding.ipynb)" in book.cells[0].source
    (cell,) = installing(book)
    assert book.cells.index(cell) == 1 and cell.metadata["jupyter"]["source_hidden"]
    assert f'"bmkit @ git+{HOME}"' in cell.source
    # Another address, and the notebook is built anew.
    settings = lesson.course.root / "pyproject.toml"
    settings.write_text('[tool.bmkit]\nhome = "https://x.org/y"\n', encoding="utf-8")
    book = release.learner_notebook(lesson, lang)
    assert "colab" not in book.cells[0].source
    assert "git+https://x.org/y" in installing(book)[0].source


def test_without_an_address_there_is_neither(course):
    book = release.learner_notebook(Course(course).lessons()[0])
    assert installing(book) == [] and "Colab" not in book.cells[0].source


def test_an_assignment_installs_too_but_is_not_opened_on_the_web(lesson, tmp_path):
    nbgrader_course.write(tmp_path, [lesson])
    text = (tmp_path / "source" / "adding" / "adding.ipynb").read_text("utf-8")
    assert "git+" in text and "colab.research" not in text


def run(code: str, here: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run code where there is no bmkit but on these paths."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    env["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    words = [sys.executable, "-S", "-c", code]
    return subprocess.run(words, cwd=here, env=env, capture_output=True, text=True)


def test_where_bmkit_is_nothing_happens(tmp_path):
    (tmp_path / "bmkit.py").touch()
    code = f"{colab.install(HOME, 'en')}\nprint(sorted(set(dir()) - {{'bm'}}))"
    done = run(code, tmp_path, tmp_path)
    named = [name for name in eval(done.stdout) if not name.startswith("__")]
    assert named == [] and done.stderr == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_a_network_one_line_says_what_to_do(tmp_path, lang):
    """-S leaves Python without pip: an installation that fails."""
    done = run(colab.install(HOME, lang), tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("\n") == 1 and "Kaggle" in done.stdout
