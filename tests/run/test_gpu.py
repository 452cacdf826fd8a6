"""How many lessons run side by side on a GPU, told by an nvidia-smi that is made up."""

from __future__ import annotations

import os

import pytest

from bmkit.course.cli import main as command
from bmkit.course.run import execution, gpu, runner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a script stands for it")
SAYS = """#!/bin/sh
case "$*" in
  *query-gpu=name*) echo "NVIDIA H100" ;;
  *query-gpu=memory.free*) echo "{free}" ;;
esac
echo "$*" >> {log}
"""


@pytest.fixture
def card(monkeypatch, tmp_path):
    """A function: put an nvidia-smi into PATH that tells of this much free memory."""

    def lay(free: str) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir(exist_ok=True)
        text = SAYS.format(free=free, log=tmp_path / "asked")
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpu.processor.cache_clear()
    yield lay
    gpu.processor.cache_clear()


@pytest.mark.parametrize(
    "free, device, profile, fits",
    [
        ("80000", "cuda", "full", 3),
        ("80000", "auto", "workshop", 19),
        ("3000", "cuda", "ci", 1),
        ("100", "cuda", "full", 1),  # one is tried, and may fail with its own error
        ("80000", "cpu", "full", None),
        ("[N/A]", "cuda", "full", None),
        ("9000\n70000", "cuda", "workshop", 2),  # lessons use the first
    ],
)
def test_what_fits_is_told_by_the_free_memory(card, free, device, profile, fits):
    card(free)
    assert gpu.fitting(device, profile) == fits


def test_without_a_gpu_the_cores_count(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    gpu.processor.cache_clear()
    assert gpu.fitting("auto", "full") is None
    with pytest.raises(execution.CannotRun):
        gpu.fitting("cuda", "full")
    gpu.processor.cache_clear()


def test_only_the_gpu_that_lessons_see_is_asked(card, monkeypatch, tmp_path):
    card("80000")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    gpu.fitting("cuda", "full")
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert all(line.endswith("--id=1") for line in asked)


@pytest.mark.parametrize("words, jobs", [("", 2), ("-j 7", 7), ("--device cpu", 16)])
def test_run_takes_what_fits_unless_it_is_told(
    card, course, monkeypatch, capsys, words, jobs
):
    card("9000")
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    given: list[int] = []

    def run(lessons, settings, board):
        given.append(settings.jobs)
        return [], False

    monkeypatch.setattr(runner, "run", run)
    line = f"run --profile workshop {words} --course {course}"
    assert command.main(line.split()) == 0
    assert given == [jobs]
    said = "2 lessons side by side" in capsys.readouterr().out
    assert said == (jobs == 2)
