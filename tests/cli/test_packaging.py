"""The files around the code say the same, and nothing that belongs to one machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
TOP = {
    *("pyproject.toml", "constraints.txt", "environment.yml", "LICENSE"),
    *("README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff"),
    *("bmkit", "datasets", "lessons", "solutions", "tests", ".ci", ".github"),
}
# Written in pieces, so that this file does not name what it looks for.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "download." + "pytorch.org"]
PLACES = ["/" + place + "/" for place in ("work", "root", "tmp", "home")]


def requirements() -> list[str]:
    """Every direct requirement, as pyproject.toml writes it."""
    groups = [EXTRAS[name] for name in ("tensorflow", "cluster", "postgresql", "dev")]
    return [*PROJECT["dependencies"], *(line for group in groups for line in group)]


def committed() -> list[Path]:
    """The files git knows; skips where this is no checkout."""
    try:
        found = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    names = found.stdout.decode().split("\0")
    return [Path(name) for name in names if name and (ROOT / name).exists()]


def test_conda_says_the_same_as_pip() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    *from_conda, pip = conda["dependencies"]
    assert from_conda == ["python" + PROJECT["requires-python"], "pip"]
    assert pip["pip"] == ["-c constraints.txt", *requirements()]


def test_every_direct_requirement_is_pinned() -> None:
    pins = [Requirement(line) for line in PINS]
    for line in requirements():
        wanted = Requirement(line)
        versions = [
            spec.version
            for pin in pins
            if canonicalize_name(pin.name) == canonicalize_name(wanted.name)
            for spec in pin.specifier
            if spec.operator == "=="
        ]
        assert versions, f"{wanted.name} is not in constraints.txt"
        assert all(map(wanted.specifier.contains, versions)), line


def test_pins_name_no_place() -> None:
    for line in PINS:
        assert Requirement(line).url is None
        assert not re.search(r"[/\\@]|://", line), line


def test_citation_has_what_readers_need() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == PROJECT["version"]


def test_both_licences_are_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    for last in ("END OF TERMS AND CONDITIONS", "processes of any jurisdiction"):
        assert last in text
    for section in range(1, 9):
        assert f"Section {section} -- " in text


def test_version_is_stated_once() -> None:
    code = (ROOT / "bmkit/__init__.py").read_text("utf-8")
    assert f'__version__ = "{PROJECT["version"]}"' in code


def test_top_level_holds_nothing_else() -> None:
    assert {path.parts[0] for path in committed()} <= TOP


def test_nothing_belongs_to_one_machine() -> None:
    found = []
    for path in committed():
        try:
            text = (ROOT / path).read_text("utf-8")
        except UnicodeDecodeError:  # a picture or a font
            continue
        found += [f"{path}: {word}" for word in HOSTS + PLACES if word in text]
    assert not found


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_workflows_call_the_same_commands_as_people(name: str) -> None:
    text = (ROOT / f".github/workflows/{name}.yml").read_text("utf-8")
    (job,) = yaml.safe_load(text)["jobs"].values()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs
    assert all(re.match(r"python3? -m bmkit (run|test)", run) for run in runs)


def test_ci_entry_calls_the_tests() -> None:
    script = ROOT / ".ci/run"
    assert script.read_text("utf-8").rstrip().endswith("exec python3 -m bmkit test")
