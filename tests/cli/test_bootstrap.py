"""The first command ever typed: every way it can go, with a pretended pip."""

from __future__ import annotations

import ast
import errno
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from bmkit import bootstrap

REAL_ROOT = bootstrap.ROOT
TINY = """
[project]
name = "tiny"
dependencies = ["packaging", {more}]
[project.optional-dependencies]
cluster = ["pytest"]
dev = ["no-such-package-for-tests"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose requirements no interpreter has."""
    (tmp_path / "pyproject.toml").write_text(TINY.format(more='"no-such-thing"'))
    (tmp_path / "constraints.txt").write_text("")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.venv` that seems healthy, and a pip that succeeds at once."""
    python = bootstrap.venv_python()
    python.parent.mkdir(parents=True)
    python.write_text("")
    (project / ".venv/pyvenv.cfg").write_text("version = 3.11.7\n")
    monkeypatch.setattr(bootstrap, "_healthy", lambda: True)
    pretend_pip(monkeypatch, "print('Collecting numpy')")
    return python


def pretend_pip(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    command = [sys.executable, "-c", program]
    monkeypatch.setattr(bootstrap, "pip_command", lambda: command)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.mark.parametrize("name", ["bootstrap", "__main__", "__init__"])
def test_old_pythons_can_read_it_and_it_needs_nothing(name: str) -> None:
    text = (REAL_ROOT / f"bmkit/{name}.py").read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert {part.split(".")[0] for part in names} <= (
            sys.stdlib_module_names - {"tomllib"} | {"bmkit"}
        )


def test_an_interpreter_that_has_everything_is_used(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text(TINY.format(more='"pytest>=1"'))
    assert bootstrap.prepare(["run"]) is None
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"]])
def test_asking_for_help_sets_nothing_up(project: Path, words: list[str]) -> None:
    assert bootstrap.prepare(words) is None
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("requirement", "holds"),
    [
        ("pytest>=1", True),
        ("pytest>=1000", False),
        ("no-such-thing", False),
        ("no-such-thing; python_version < '3'", True),
        ("no-such-thing; python_version > '3'", False),
        ("dask[distributed]", True),
    ],
)
def test_requirements_are_judged_by_version_and_marker(
    project: Path, requirement: str, holds: bool
) -> None:
    (project / "pyproject.toml").write_text(TINY.format(more=f'"{requirement}"'))
    assert bootstrap.satisfied(["run"]) is holds


def test_an_extra_needs_what_it_brings(project: Path) -> None:
    """`dask` alone is not `dask[distributed]`."""
    from importlib import metadata

    real = metadata.distribution

    def without_distributed(name: str) -> metadata.Distribution:
        if name == "distributed":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "distribution", without_distributed)
        assert bootstrap._present("dask>=1")
        assert not bootstrap._present("dask[distributed]>=1")


def test_only_the_tests_need_the_extras(project: Path) -> None:
    (project / "pyproject.toml").write_text(TINY.format(more='"pytest"'))
    assert bootstrap.satisfied(["run", "attention"])
    assert not bootstrap.satisfied(["test"])


def test_judging_the_real_project_asks_once_for_each_requirement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stands before every command: one look at what is installed, no import."""
    asked: list[tuple[str, ...]] = []
    real = bootstrap._present
    monkeypatch.setattr(
        bootstrap, "_present", lambda *one: asked.append(one) or real(*one)
    )
    bootstrap.satisfied(["test"])
    assert asked and len(asked) == len(set(asked))


def test_first_time_installs_and_second_time_does_not(
    project: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bootstrap.prepare(["run"]) == environment
    assert (project / ".venv/.gitignore").read_text() == "*\n"
    assert "Collecting numpy" in (project / ".venv/install.log").read_text()
    pretend_pip(monkeypatch, "raise SystemExit('must not run again')")
    assert bootstrap.prepare(["run"]) == environment


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_installs_again(
    project: Path, environment: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bootstrap.prepare(["run"])
    with open(project / name, "a") as file:
        file.write("# changed\n")
    pretend_pip(monkeypatch, "open('again', 'w')")
    assert bootstrap.prepare(["run"]) == environment
    assert (project / "again").exists()


def test_an_interrupted_set_up_goes_on(
    project: Path,
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "_follow", interrupt)
        assert bootstrap.main(["run"]) == 130
    assert "next try goes on" in one_line(capsys)
    assert bootstrap.prepare(["run"]) == environment


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError: Failed to establish a new connection", "no network"),
        ("[Errno -3] Temporary failure in name resolution", "no network"),
        ("PermissionError: [Errno 13] Permission denied: x", "cannot write"),
        ("ERROR: No matching distribution found for x", "fits this machine"),
        ("ERROR: ResolutionImpossible", "fits this machine"),
        ("something nobody has seen", "pip failed"),
    ],
)
def test_each_failure_is_one_clear_line(
    project: Path,
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    says: str,
    expected: str,
) -> None:
    pretend_pip(monkeypatch, f"print({says!r}); raise SystemExit(1)")
    assert bootstrap.main(["run"]) == 1
    line = one_line(capsys)
    assert expected in line
    assert "install.log" in line
    assert not (project / ".venv/bmkit-stamp.txt").exists()


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot write")],
)
def test_trouble_with_the_disk_is_one_clear_line(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    expected: str,
) -> None:
    def fail(log: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(bootstrap, "_install", fail)
    assert bootstrap.main(["run"]) == 1
    assert expected in one_line(capsys)


def test_the_wrong_python_is_told_which_one_to_use(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: name if "12" in name else None
    )
    assert bootstrap.main(["run"]) == 1
    line = one_line(capsys)
    assert "3.11 to 3.13, this is 3.10.13" in line
    assert "python3.12 -m bmkit" in line
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_without_venv_says_what_to_install(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: str,
) -> None:
    find = bootstrap.importlib.util.find_spec
    monkeypatch.setattr(
        bootstrap.importlib.util,
        "find_spec",
        lambda name: None if name == module else find(name),
    )
    assert bootstrap.main(["run"]) == 1
    assert "apt install python3-venv" in one_line(capsys)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="os.execv hands over on POSIX alone")
def test_a_broken_environment_is_remade_and_handed_over_to(project: Path) -> None:
    """The whole way once, with a real, small environment and nothing to download."""
    shutil.copytree(REAL_ROOT / "bmkit", project / "bmkit", ignore=only_top)
    (project / "bmkit/course/cli").mkdir(parents=True)
    for package in ("course", "course/cli"):
        (project / f"bmkit/{package}/__init__.py").write_text("")
    (project / "bmkit/course/cli/main.py").write_text(
        "import sys\ndef main(words):\n    print(sys.prefix, words)\n    return 7\n"
    )
    (project / "pyproject.toml").write_text(TINY.format(more=""))
    broken = project / ".venv/bin/python"
    broken.parent.mkdir(parents=True)
    broken.symlink_to(project / "gone")
    libraries = sysconfig.get_path("purelib")  # lends the new one its `packaging`
    install = (
        "import pathlib, sysconfig\n"
        "folder = pathlib.Path(sysconfig.get_path('purelib'))\n"
        f"(folder / 'lent.pth').write_text({libraries!r})\n"
    )
    program = f"""
        import sys
        from bmkit import bootstrap
        bootstrap.satisfied = lambda words: False
        python = str(bootstrap.venv_python())
        bootstrap.pip_command = lambda: [python, "-c", {install!r}]
        sys.exit(bootstrap.main(["run", "x"]))
    """
    base = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [base, "-c", textwrap.dedent(program)],
        cwd=project,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(project)},
    )
    assert done.returncode == 7, done.stderr
    assert f"{project / '.venv'} ['run', 'x']" in done.stdout


def only_top(folder: str, names: list[str]) -> list[str]:
    """Ignore every folder below `bmkit`."""
    return [name for name in names if (Path(folder) / name).is_dir()]
