"""A run tells what each lesson came to, harms no other, and repeats nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from nbformat import v4

from bmkit import data
from bmkit.course.cli import mutants
from bmkit.course.report import run_report
from bmkit.course.run import execution, kept_results, runner
from bmkit.course.run.result import Result
from bmkit.course.run.worker import Job, work
from bmkit.course.source.catalog import Course
from tests import ROOT

SETTINGS = execution.Settings(store=Path("unused"))
pytestmark = pytest.mark.integration
CLAIM = """
from IPython.display import display
display({{"application/vnd.bmkit.claim+json":
    {{"text": "water is wet", "holds": {holds}, "numbers": {{"wet": 1.0}},
     "control": {{}}, "against": "", "certain": "by name", "why": "", "kind": "claim"}},
    "text/plain": "x"}}, raw=True)
"""
GRADER = """
from IPython.display import display
rows = [{"kind": "mistake", "expected": "fail", "ok": False, "says": "", "message": ""}]
display({"application/vnd.bmkit.grader+json":
    {"exercise": "swim", "points": 1, "rows": rows}, "text/plain": "x"}, raw=True)
"""
MUTANTS = """
from IPython.display import display
row = {{"kind": "{kind}", "title": "a + b → a - b", "line": 4, "message": "",
    "ok": False, "code": "+     return a - b"}}
display({{"application/vnd.bmkit.mutants+json":
    {{"exercise": "add", "made": 9, "caught": 8, "skipped": "", "seconds": 1.0,
    "rows": [row]}}, "text/plain": "x"}}, raw=True)
"""
# what the notebook does -> what the run must call it
CASES = {
    "fine": (CLAIM.format(holds=True), "passed"),
    "raises": ("import math\nmath.sqrt(-1)", "failed"),
    "sleeps": ("import time\ntime.sleep(600)", "timeout"),
    "dies": ("import os\nos._exit(1)", "died"),
    "lies": (CLAIM.format(holds=False), "false claim"),
    "misjudges": (GRADER, "grader failed"),
    "survives": (MUTANTS.format(kind="survivor"), "grader failed"),
    "excuses": (MUTANTS.format(kind="stale"), "grader failed"),
}


class Silent:
    """A listener that only remembers."""

    def __init__(self) -> None:
        self.results: list[Result] = []

    def finished(self, result: Result) -> None:
        self.results.append(result)


def job(slug: str, code: str, limit: float = 60) -> Job:
    cells = [v4.new_code_cell("", metadata={"tags": ["parameters"]})]
    book = v4.new_notebook(cells=[*cells, v4.new_code_cell(code)])
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return Job(slug, slug.capitalize(), json.dumps(book), {"seed": 0}, limit=limit)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Result]:
    """What comes of each case; the one that is stopped begins when all is warm."""
    settings = execution.Settings(jobs=2, store=tmp_path_factory.mktemp("results"))
    done: dict[str, Result] = {}
    quick = [job(n, code) for n, (code, _) in CASES.items() if n != "sleeps"]
    for jobs in (quick, [job("sleeps", CASES["sleeps"][0], 10)]):
        execution.execute(jobs, settings, 2, done, Silent())
    return {name: done[name] for name in CASES}


@pytest.mark.parametrize("case", CASES)
def test_a_lesson_is_shown_as_what_it_is(results, case):
    assert results[case].status == CASES[case][1], results[case].message


def test_a_failure_says_where_and_why(results):
    failed = results["raises"]
    assert failed.message.startswith("ValueError: ")
    assert "math.sqrt(-1)" in failed.cell and "math.sqrt(-1)" in failed.traceback
    assert "\x1b" not in failed.traceback
    assert "time.sleep(600)" in results["sleeps"].cell
    assert results["lies"].message == "water is wet"
    assert "swim" in results["misjudges"].message
    assert results["fine"].memory > 2**20


def test_the_report_is_whole_and_asks_for_nothing_from_elsewhere(results, tmp_path):
    path = run_report.write(tmp_path, list(results.values()), SETTINGS, 12.0)
    text = path.read_text(encoding="utf-8")
    for result in results.values():
        assert f'id="{result.slug}"' in text
        assert (tmp_path / "notebooks" / f"{result.slug}.ipynb").is_file()
    assert "math.sqrt(-1)" in text and "water is wet" in text
    assert "http://" not in text and "https://" not in text
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {row["slug"]: row["status"] for row in told["lessons"]} == {
        name: status for name, (_, status) in CASES.items()
    }
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    broken = {case.get("name") for case in suite if case.find("failure") is not None}
    assert {"raises", "sleeps", "dies", "lies", "misjudges"} <= broken
    assert "fine" not in broken and "0 mistake" in broken


def test_the_report_has_what_survived_with_its_code_and_totals(results, tmp_path):
    page = run_report.write(tmp_path, [results["survives"]], SETTINGS, 1.0)
    text = page.read_text(encoding="utf-8")
    assert "a + b → a - b" in text and "+     return a - b" in text
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    totals = {"made": 9, "caught": 8, "survivors": 1, "excused": 0}
    assert told["mutants"] == told["lessons"][0]["mutants_told"] == totals
    junit = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert "survivor: a + b → a - b" in junit


def test_where_a_survivor_stands_is_printed(course, results, capsys):
    (adding,) = Course(course).pick(["adding"])
    result = replace(results["survives"], slug="adding")
    assert mutants.tell([adding], [result], code=True) == 1
    where, code = capsys.readouterr().out.splitlines()
    line = (
        adding.path.read_text(encoding="utf-8")
        .split("\n")
        .index("    ### BEGIN SOLUTION")
    )
    assert where.startswith(
        f"solutions/01-first/01-adding.py:{line + 2}: add: survivor"
    )
    assert code.strip() == "+     return a - b"


def test_output_is_escaped_in_the_report(tmp_path):
    result = Result("x", "<script>alert(1)</script>", "failed", message="<b>")
    text = run_report.write(tmp_path, [result], SETTINGS, 1.0).read_text()
    assert "<script>alert" not in text and "&lt;b&gt;" in text


def test_an_unchanged_lesson_is_not_run_again(course, tmp_path):
    settings = execution.Settings(
        profile="ci", device="cpu", jobs=2, store=tmp_path / "s"
    )
    lessons = Course(course).lessons()
    first, _ = runner.run(lessons, settings, Silent())
    assert [r.status for r in first] == ["passed", "passed"], first[0].message
    assert len(first[1].figures) == 1 and first[1].figures[0]["alt"]
    second, _ = runner.run(lessons, settings, Silent())
    assert [r.status for r in second] == ["unchanged", "unchanged"]
    assert second[0].claims == first[0].claims
    source = lessons[0].path
    text = source.read_text(encoding="utf-8").replace("seed = 0", "seed = 0 + 0")
    source.write_text(text, encoding="utf-8")
    third, _ = runner.run(Course(course).lessons(), settings, Silent())
    assert [r.status for r in third] == ["passed", "unchanged"]


# A shell that puts tests in the background has SIGINT ignored in all that it starts.
STOPPED = """
import signal
import sys
from pathlib import Path
from bmkit.course.run import execution, kept_results, runner
from tests.run.test_run import Silent, job
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    jobs = [job("quick", "1 + 1"), job("slow", "import time; time.sleep(120)")]
    class Say(Silent):
        def finished(self, result):
            print(result.slug, result.status, flush=True)
    done = {}
    settings = execution.Settings(jobs=2, store=Path(sys.argv[1]))
    print("stopped", execution.execute(jobs, settings, 2, done, Say()))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_keeps_what_finished_and_leaves_nothing_running(tmp_path):
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED, encoding="utf-8")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "results")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    ) as process:
        assert process.stdout.readline().split() == ["quick", "passed"]
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read().split()[-2:] == ["stopped", "True"]
        process.wait(20)
    until = time.monotonic() + 10
    while time.monotonic() < until and any(child.is_running() for child in family):
        time.sleep(0.2)
    assert not [child for child in family if child.is_running()]


def test_an_unknown_lesson_and_a_missing_gpu_get_one_line(course, capsys):
    from bmkit.course.cli.main import main

    assert main(["run", "atention"]) == 2
    assert "no lesson is called 'atention'" in capsys.readouterr().err


@pytest.mark.slow
def test_no_scheduler_gets_one_line(tmp_path):
    settings = execution.Settings(store=tmp_path, cluster="tcp://127.0.0.1:9", jobs=1)
    with pytest.raises(execution.CannotRun, match="no Dask scheduler answers"):
        execution.execute([job("fine", "1")], settings, 1, {}, Silent())


@pytest.mark.slow
def test_a_cluster_runs_lessons(tmp_path):
    """A scheduler and two workers, as processes of their own."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        settings = execution.Settings(cluster=cluster.scheduler_address, store=tmp_path)
        jobs = [job("one", CLAIM.format(holds=True)), job("two", "1 / 0")]
        done: dict[str, Result] = {}
        execution.execute(jobs, settings, 2, done, Silent())
    assert {name: result.status for name, result in done.items()} == {
        "one": "passed",
        "two": "failed",
    }


def test_work_does_not_change_this_process(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert work(job("one", "1 + 1")).status == "passed"
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_a_kept_result_has_a_version_and_unknown_fields_do_no_harm(tmp_path):
    told = Result("adding", "Adding", "passed", key="k", memory=7)
    made = job("adding", "1")
    made.parameters |= {"profile": "ci", "device": "cpu"}
    kept_results.keep(told, made, tmp_path)
    file = tmp_path / "k.json"
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["version"] == 2
    file.write_text(json.dumps({**written, "colour": "red"}), encoding="utf-8")
    kept = kept_results.find("k", tmp_path)
    assert (kept.status, kept.memory) == ("unchanged", 7)
    for other in ({**written, "version": 3}, {"slug": "adding"}, [], None, 3):
        file.write_text(json.dumps(other), encoding="utf-8")
        assert kept_results.find("k", tmp_path) is None
    claim = {"text": "x", "holds": True, "numbers": 3}
    for wrong in (
        {"claims": 3},
        {"claims": [{}]},
        {"claims": [claim]},
        {"graders": [{"rows": 1}]},
        {"figures": ["png"]},
        {"status": "nonsense"},
        {"seconds": "long"},
        {"notebook": None},
    ):
        file.write_text(json.dumps({**written, **wrong}), encoding="utf-8")
        assert kept_results.find("k", tmp_path) is None, wrong


@pytest.mark.parametrize("text", ["null", "[]", '{"adding ci cpu": "1"}', "{broken"])
def test_durations_in_another_shape_are_as_if_not_there(tmp_path, text):
    (tmp_path / kept_results.SECONDS).write_text(text, encoding="utf-8")
    assert kept_results.seconds(tmp_path) == {}
    made = job("adding", "1")
    made.parameters |= {"profile": "ci", "device": "cpu"}
    kept_results.keep(Result("adding", "Adding", "passed", 2, key="k"), made, tmp_path)
    assert kept_results.seconds(tmp_path) == {"adding ci cpu": 2}


CRASHES = """
import os, sys
print("out of memory, here", file=sys.__stderr__, flush=True)
os.abort()
"""
LOUD = """
import sys
from pathlib import Path
from bmkit.course import log_file
from bmkit.course.run.worker import work
from tests.run.test_run import CRASHES, job
log_file.begin(Path(sys.argv[1]))
sleeps = "import time; time.sleep(99)"
for slug, code, limit in (("crashes", CRASHES, 60), ("sleeps", sleeps, 9)):
    result = work(job(slug, code, limit))
    print(slug, result.status, result.traceback.splitlines()[:1])
"""


def test_what_kernels_and_their_clients_say_is_not_printed(tmp_path):
    """A live table stands in the terminal; the log and the report have it."""
    command = [sys.executable, "-c", LOUD, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    crashed, stopped = done.stdout.splitlines()
    assert crashed == "crashes died ['out of memory, here']"
    assert stopped.startswith("sleeps timeout")
    assert "Kernel died" in (tmp_path / "bmkit.log").read_text(encoding="utf-8")


def test_a_run_on_other_data_than_its_key_says_is_not_kept(monkeypatch, tmp_path):
    """The mirror went away, or the network came, after the key was made."""
    monkeypatch.setenv("BMKIT_OFFLINE", "1")
    monkeypatch.setenv("BMKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BMKIT_MIRROR", raising=False)
    loads = job("loads", "from bmkit import data\ndata.load('plays').real")
    stand_in = data.hashes(["plays"], "workshop")
    for counted, key in ((stand_in, "k"), ({"plays": "real:1"}, ""), ({}, "")):
        result = work(replace(loads, data=counted, key="k"))
        assert (result.status, result.key) == ("passed", key), result.message
        assert result.data == {"plays": [stand_in["plays"]]}
        assert result.stand_ins == ["plays"]
        loads.parameters |= {"profile": "workshop", "device": "cpu"}
        kept_results.keep(result, loads, tmp_path)
        assert (kept_results.find("k", tmp_path) is not None) == bool(key)
        (tmp_path / "k.json").unlink(missing_ok=True)
