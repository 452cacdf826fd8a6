"""What a lesson's result depends on, as one hash: an unchanged lesson is not run again.

The hash covers the notebook's code, the parameters, the bytes of every bmkit module
that the code can reach by import, the data that would be used, the versions of the
packages that compute, and the device.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import platform
from functools import cache
from pathlib import Path

from bmkit.course.json_values import JsonObject
from bmkit.course.kernels.environment import PACKAGE

VERSIONS = (
    "torch",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "numpy",
    "scipy",
    "scikit-learn",
    "jieba",
    "matplotlib",
    "sympy",
    "pandas",
    "ipywidgets",
    "ipykernel",
)
# `bm.NAME` of these is served by a module of another name.
SHORT = {
    "start": "lab.start",
    "claim": "lab.claims",
    "equation": "lab.claims",
    "inequality": "lab.inequalities",
    "check": "lab.checks",
    "expect": "lab.expect",
}


def reached(notebook: JsonObject, package: Path = PACKAGE) -> dict[str, str]:
    """Hashes of a notebook's code and of every module that it can reach, by name.

    Args:
        notebook: the instructor's notebook.
        package: the folder of ``bmkit``.
    """
    code = [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    text = json.dumps(code).encode()
    return {
        "code": hashlib.sha256(text).hexdigest(),
        **{
            path.relative_to(package).as_posix(): _sha(path)
            for path in sorted(modules("\n".join(code), package))
        },
    }


def fingerprint(
    reached: dict[str, str],
    parameters: JsonObject,
    device: str,
    data: dict[str, str],
) -> str:
    """The hash of everything that a run's result depends on.

    Args:
        reached: what `reached` says of the notebook.
        parameters: what papermill will set.
        device: the processor's or GPU's name.
        data: hashes of the data sets, by name.
    """
    parts = {
        "reached": reached,
        "parameters": parameters,
        "device": device,
        "data": data,
        "python": platform.python_version(),
        "versions": versions(),
    }
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def modules(code: str, package: Path = PACKAGE) -> set[Path]:
    """The files of bmkit that ``code`` reaches by import, itself or through others.

    With each module, the ``.toml`` of the same name: what the module reads.
    """
    waiting = list(_mentioned(code, package))
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _mentioned(path.read_text(encoding="utf-8"), package)
    beside = {path.with_suffix(".toml") for path in found}
    return found | {path for path in beside if path.is_file()}


def _mentioned(code: str, package: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module}
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if text.startswith("bm."):
                names.add(f"bmkit.{text.removeprefix('bm.')}")
    files: set[Path] = set()
    for name in names:
        if name == "bmkit" or name.startswith("bmkit."):
            files |= _files(name.split(".")[1:], package)
    return files


def _files(parts: list[str], package: Path) -> set[Path]:
    """A dotted name's file, with the packages on the way to it."""
    if parts and parts[0] in SHORT:
        parts = SHORT[parts[0]].split(".") + parts[1:]
    files = {package / "__init__.py"}
    here = package
    for part in parts:
        if (here / f"{part}.py").is_file():
            files.add(here / f"{part}.py")
            break
        if not (here / part).is_dir():
            files |= _lazy(here, part)
            break
        here = here / part
        files.add(here / "__init__.py")
    return {path for path in files if path.is_file()}


def _lazy(folder: Path, name: str) -> set[Path]:
    """The module in ``folder`` that defines ``name``, which its package hands out."""
    found = {
        path
        for path in folder.glob("*.py")
        if path.name != "__init__.py" and name in _defined(path)
    }
    return found | {folder / "__init__.py"}


@cache
def _tree_names(path: Path, _changed: int) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    return frozenset(names)


def _defined(path: Path) -> frozenset[str]:
    return _tree_names(path, path.stat().st_mtime_ns)


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def versions() -> dict[str, str]:
    """What is installed of the packages that compute; ``"absent"`` where not."""
    found = {}
    for name in VERSIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found
