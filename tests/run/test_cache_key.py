"""A result is kept for what it depends on: that changed, it is another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bmkit.course.run.cache_key import fingerprint, modules, reached
from bmkit.course.run.execution import Settings
from bmkit.course.run.runner import _key
from bmkit.course.source.catalog import Course


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A little bmkit with two models, one of which uses the other's helper."""
    home = tmp_path / "bmkit"
    for folder in ("lab", "models"):
        (home / folder).mkdir(parents=True)
        (home / folder / "__init__.py").write_text("", encoding="utf-8")
    files = {
        "__init__.py": "",
        "lab/start.py": "def start(): ...",
        "models/tree.py": "from bmkit.models import wood\nclass Tree: ...",
        "models/wood.py": "def wood(): ...",
        "models/stone.py": "class Stone: ...",
    }
    for name, text in files.items():
        (home / name).write_text(text, encoding="utf-8")
    return home


TREE = "import bmkit as bm\nbm.start()\nbm.models.Tree()"
STONE = "import bmkit as bm\nbm.start()\nfrom bmkit.models.stone import Stone"


def key(code: str, package: Path, **changes) -> str:
    book = {"cells": [{"cell_type": "code", "source": code}]}
    values = {"parameters": {"seed": 0}, "device": "cpu", "data": {"news": "a"}}
    return fingerprint(reached(book, package), **{**values, **changes})


def test_the_modules_a_lesson_reaches(package):
    names = {path.name for path in modules(TREE, package)}
    assert {"start.py", "tree.py", "wood.py"} <= names and "stone.py" not in names


@pytest.mark.parametrize(
    ("touched", "tree", "stone"),
    [
        ("lab/start.py", True, True),
        ("models/wood.py", True, False),
        ("models/stone.py", False, True),
    ],
)
def test_a_changed_module_reruns_just_what_uses_it(package, touched, tree, stone):
    before = key(TREE, package), key(STONE, package)
    path = package / touched
    path.write_text(path.read_text() + "\n# changed\n", encoding="utf-8")
    after = key(TREE, package), key(STONE, package)
    assert (before[0] != after[0], before[1] != after[1]) == (tree, stone)


def test_a_cell_a_parameter_data_and_device_each_change_the_key(package):
    keys = {
        key(TREE, package),
        key(TREE + "\nx = 1", package),
        key(TREE, package, parameters={"seed": 1}),
        key(TREE, package, data={"news": "b"}),
        key(TREE, package, device="gpu"),
    }
    assert len(keys) == 5
    assert key(TREE, package) == key(TREE, package)


def test_full_of_a_lesson_too_small_for_a_gpu_is_workshop(course, adding):
    """One result serves both profiles: the lesson is not run twice."""
    full = Settings(profile="full", store=course)
    workshop = Settings(profile="workshop", store=course)
    (lesson, _) = Course(course).lessons()

    def keys(lesson):
        return [_key(lesson, s, "cpu") for s in (full, workshop)]

    assert len(set(keys(lesson))) == 2
    text = adding.read_text(encoding="utf-8")
    adding.write_text(text.replace("# slug", "# gpu: false\n# slug"), encoding="utf-8")
    (lesson, _) = Course(course).lessons()
    assert len(set(keys(lesson))) == 1
