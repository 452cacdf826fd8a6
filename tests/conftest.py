"""What tests share: a course of two tiny lessons, and ways to break it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.lesson_costs import (  # noqa: F401 (a fixture and two hooks, for pytest)
    cost,
    pytest_configure,
    pytest_terminal_summary,
)

# nbgrader runs alembic from PATH; kernels must find this checkout's bmkit.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
)
os.environ["BMKIT_PROGRESS"] = "off"
os.environ["LC_ALL"] = "C.UTF-8"  # what the kit says is in English
TINY = Path(__file__).parent / "course"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-stock",
        action="store_true",
        help="compare every known answer of every lesson with stock nbgrader: an hour; "
        "without it two submissions of a few lessons",
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Lessons run on both data, for long, only where ``-m`` names the marker."""
    if "real" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("real")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of the tiny course, free to be broken."""
    kept = shutil.ignore_patterns(".bmkit")
    shutil.copytree(TINY, tmp_path / "course", ignore=kept)
    return tmp_path / "course"


@pytest.fixture
def adding(course: Path) -> Path:
    """The source of the tiny course's first lesson."""
    return course / "solutions" / "01-first" / "01-adding.py"
