"""Nothing of the user's own settings reaches a lesson that runs headless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bmkit.course.kernels import environment
from tests import ROOT

SEEN = """
import json, locale, os, sys, warnings
import matplotlib, matplotlib.pyplot as plt
seen = {
    "backend": matplotlib.get_backend(), "usetex": plt.rcParams["text.usetex"],
    "face": plt.rcParams["figure.facecolor"], "leaked": sorted(LEAKS & set(dir())),
    "asserts": __debug__, "encoding": sys.stdout.encoding,
    "locale": locale.setlocale(locale.LC_ALL, ""), "optimized": sys.flags.optimize,
    "errors": any(r[0] == "error" and r[2] is Warning for r in warnings.filters),
    "session": os.environ.get("JPY_SESSION_NAME"), "mirror": os.environ["BMKIT_MIRROR"],
    "shows": get_ipython().ast_node_interactivity,
}
plt.plot([1, 2]); plt.gcf()
"""
RUN = """
import json, sys
from bmkit.course.run.worker import work
from tests.run.test_run import job
for kernel in ("bmkit", "python3"):
    code = sys.argv[1]
    one = job("seen", code)
    one.kernel = kernel
    result = work(one)
    cell = json.loads(result.notebook)["cells"][-1]
    print(json.dumps({"status": result.status, "message": result.message,
        "pictures": len(result.figures),
        "said": "".join(o.get("text", "") for o in cell["outputs"])}))
"""


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set up everything, and stands in a folder."""
    rc = "backend: TkAgg\ntext.usetex: True\nfigure.facecolor: black\n"
    startup = tmp_path / "ipython" / "profile_default" / "startup" / "00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("started = 1\n", encoding="utf-8")
    config = (
        "c = get_config()\n"
        "c.InteractiveShellApp.exec_lines = ['configured = 1']\n"
        "c.InlineBackend.figure_formats = ['svg']\n"
        "c.InteractiveShell.ast_node_interactivity = 'all'\n"
    )
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        (startup.parents[1] / name).write_text(config, encoding="utf-8")
    (tmp_path / "python.py").write_text("python_started = 1\n", encoding="utf-8")
    for folder in (tmp_path, tmp_path / "mpl"):
        folder.mkdir(exist_ok=True)
        (folder / "matplotlibrc").write_text(rc, encoding="utf-8")
    return {
        **os.environ,
        "MPLBACKEND": "TkAgg",
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
        "MPLCONFIGDIR": str(tmp_path / "mpl"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "ipython"),
        "PYTHONSTARTUP": str(tmp_path / "python.py"),
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "cp1252",
        "LC_ALL": "tr_TR.ISO8859-9",
        "LANGUAGE": "de",
        "JPY_SESSION_NAME": str(tmp_path / "mine.ipynb"),
        "BMKIT_MIRROR": "mirror",
    }


@pytest.mark.integration
def test_a_lesson_sees_nothing_of_the_users_settings(hostile, tmp_path):
    del hostile["PYTHONOPTIMIZE"], hostile["PYTHONWARNINGS"]  # ours would have them too
    leaks = {"started", "configured", "python_started"}
    code = SEEN.replace("LEAKS", repr(leaks)) + "\nprint(json.dumps(seen))"
    done = subprocess.run(
        [sys.executable, "-c", RUN, code],
        env={**hostile, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 2, done.stderr
    for row in rows:
        assert row["status"] == "passed", row["message"]
        assert row["pictures"] >= 1
        assert json.loads(row["said"]) == {
            "backend": "module://matplotlib_inline.backend_inline",
            "usetex": False,
            "face": "white",
            "leaked": [],
            "asserts": True,
            "encoding": "UTF-8",
            "locale": "C.UTF-8",
            "optimized": 0,
            "errors": False,
            "session": None,
            "mirror": str(tmp_path / "mirror"),
            "shows": "last_expr",
        }


def test_how_python_behaves_is_not_the_users_to_set_but_where_it_is(hostile):
    made = environment.neutral(
        2, {**hostile, "PYTHONPATH": "/mine", "LC_NUMERIC": "de"}
    )
    assert "PYTHONOPTIMIZE" not in made and "PYTHONWARNINGS" not in made
    assert "LC_NUMERIC" not in made and made["LC_ALL"] == "C.UTF-8"
    assert made["PYTHONPATH"].split(os.pathsep) == [str(ROOT), "/mine"]
    assert made["OMP_NUM_THREADS"] == "2"
    assert made["BMKIT_PROGRESS"] == "off"


def test_folders_are_named_in_full_before_anything_runs_elsewhere(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    given = {"BMKIT_MIRROR": "../m", "BMKIT_CACHE": "~/c", "BMKIT_PROGRESS": "p.json"}
    assert environment.places(given) == {
        "BMKIT_MIRROR": str(tmp_path.parent / "m"),
        "BMKIT_CACHE": str(tmp_path / "home" / "c"),
        "BMKIT_PROGRESS": str(tmp_path / "p.json"),
    }
    assert environment.places({"BMKIT_PROGRESS": "off", "BMKIT_CACHE": ""}) == {}


@pytest.mark.skipif(os.name != "posix", reason="users without a name are of POSIX")
def test_a_user_without_home_and_name_gets_both(monkeypatch):
    import pwd

    def unknown(_: int) -> None:
        raise KeyError("uid")

    for name in ("HOME", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    environment.give_home()
    assert Path.home().is_dir() and os.environ["LOGNAME"]
    monkeypatch.setenv("HOME", str(ROOT))
    environment.give_home()
    assert Path.home() == ROOT
