"""Who imports whom: one direction, no circle, and two wings that keep to themselves.

The graph is read from the code, so an import inside a function counts like any other;
one that only a type checker sees does not.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests import ROOT

FRAMEWORKS = {"torch", "tensorflow", "keras", "jax"}
# A part of the kit, and the parts that it may import besides itself and the small
# modules that lie beside the parts; those import none. `kernels` imports not even them.
MAY: dict[str, set[str]] = {
    "": set(),
    "kernels": set(),
    "source": {"kernels"},
    "build": {"kernels", "source"},
    "run": {"kernels", "source", "build"},
    "report": {"kernels", "source", "build", "run"},
    "grade": {"kernels", "source", "build", "report"},
    "cli": {"kernels", "source", "build", "run", "report", "grade"},
}


@cache
def modules() -> dict[str, Path]:
    """Every module of bmkit, by its dotted name."""
    found = {}
    for path in (ROOT / "bmkit").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


class Imports(ast.NodeVisitor):
    """The dotted names that a file imports, anywhere in it."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if not ast.unparse(node.test).endswith("TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names.add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert not node.level, "bmkit's imports are absolute"
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            self.names.add(whole if whole in modules() else str(node.module))


@cache
def graph() -> dict[str, set[str]]:
    """The modules of bmkit that each module of bmkit imports."""
    found = {}
    for name, path in modules().items():
        imports = Imports()
        imports.visit(ast.parse(path.read_text(encoding="utf-8")))
        found[name] = imports.names & set(modules())
    return found


def part(name: str) -> str:
    """The part of the kit that a module belongs to; empty for one beside the parts."""
    parts = name.split(".")
    inside = len(parts) > 3 or modules()[name].name == "__init__.py"
    return "".join(parts[2:3]) if inside else ""


def test_the_graph_sees_what_is_there():
    assert "bmkit.course.cli.options" in graph()["bmkit.course.cli.run"]
    # Inside a function:
    assert "bmkit.course.run.runner" in graph()["bmkit.course.cli.run"]


def test_no_circle_of_imports():
    try:
        graphlib.TopologicalSorter(graph()).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_every_part_imports_only_those_below_it():
    kit = {name for name in modules() if name.startswith("bmkit.course")}
    assert {part(name) for name in kit} == set(MAY)
    wrong = [
        f"{name} → {other}"
        for name in kit
        for other in sorted(graph()[name] & kit)
        if part(other) not in MAY[part(name)] | {part(name), ""}
        or (part(name) == "kernels" and part(other) != "kernels")
    ]
    assert sorted(wrong) == []


def test_what_lessons_import_never_imports_the_kit():
    wrong = [
        f"{name} → {other}"
        for name, others in graph().items()
        for other in sorted(others)
        if other.startswith("bmkit.course") and not name.startswith("bmkit.course")
    ]
    assert wrong == ["bmkit.bootstrap → bmkit.course.cli.main"]


def test_the_kit_imports_no_framework_before_it_needs_one():
    names = [name for name in modules() if name.startswith("bmkit.course")]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(*({FRAMEWORKS!r} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == []
