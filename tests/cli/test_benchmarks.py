"""`bmkit bench` knows every benchmark there is, and each says what it compares."""

import importlib
import sys

import pytest

from bmkit.course.cli import bench, main
from tests import ROOT


def test_every_benchmark_is_listed():
    files = [path.stem for path in (ROOT / "tests" / "benchmarks").glob("bench_*.py")]
    assert sorted(files) == sorted(f"bench_{name}" for name in bench.BENCHMARKS)


def test_an_unknown_one_is_told_what_there_is(capsys):
    with pytest.raises(SystemExit):
        main.main(["bench", "speed"])
    assert "'grade'" in capsys.readouterr().err


def test_its_own_arguments_reach_it(monkeypatch):
    asked = []

    class Done:
        returncode = 3

    def run(words, **_):
        asked.append(words[2:])
        return Done

    monkeypatch.setattr(bench.subprocess, "run", run)
    assert main.main(["bench", "memory", "20"]) == 3
    assert asked == [["tests.benchmarks.bench_memory", "20"]]


@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        ("run", "extra", "no lesson is called 'extra'"),
        ("grade", "extra", "no lesson is called 'extra'"),
        ("memory", "x", "'x' is not a whole number from 1 up"),
        ("similarity", "0", "'0' is not a whole number from 1 up"),
    ],
)
def test_what_it_cannot_take_is_one_line(monkeypatch, name, word, said):
    module = importlib.import_module(f"tests.benchmarks.bench_{name}")
    monkeypatch.setattr(sys, "argv", [name, word])
    with pytest.raises(SystemExit, match=said):
        module.main()
