"""The environment in which lessons run and are graded: the same for both.

Nothing of the user's own settings reaches them: no plotting backend, no profile of
IPython, no locale. A lesson that passes here passes for everybody.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
PLOTS = Path(__file__).with_name("matplotlibrc")  # empty: matplotlib's own defaults
# Folders and a file that users name, perhaps from where they stand or by "~".
NAMED = ("BMKIT_MIRROR", "BMKIT_CACHE", "BMKIT_PROGRESS")
# What changes how Python or a lesson behaves. Where Python and its packages are stays.
DROPPED = ("LANG", "LANGUAGE", "QT_API", "JPY_SESSION_NAME", "JUPYTER_CONFIG_PATH")
DROPPED_ALL = ("LC_", "PYTHON")  # all that begin so
KEPT = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE"),
    *("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE", "PYTHONEXECUTABLE"),
)
_lock = threading.Lock()
_inside = 0  # how many are inside `kernels`
_before: dict[str, str] = {}  # what the environment was without


def variables(threads: int = 1) -> dict[str, str]:
    """What lessons' processes find in their environment, wherever they run.

    Args:
        threads: how many each may use; more than its share of the cores makes busy
            machines far slower.
    """
    names = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
    return {f"{name}_NUM_THREADS": str(threads) for name in names} | {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait do not spin
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # others are on the GPU, too
        "BMKIT_PROGRESS": "off",
        "BMKIT_GRADING": "1",  # an exercise that is not written is an error
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def paths(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """``PATH`` and ``PYTHONPATH`` under which a process of ours finds our own.

    That is this Python's programs (nbgrader runs alembic from PATH, which an
    environment that is not activated is not on) and this bmkit.

    Args:
        environ: whose own two come after ours.
    """
    programs, package = Path(sys.executable).parent, PACKAGE.parent
    return {
        name: os.pathsep.join(filter(None, [str(first), environ.get(name)]))
        for name, first in (("PATH", programs), ("PYTHONPATH", package))
    }


def places(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Folders that the user named, in full: kernels run in folders of their own.

    Args:
        environ: where they are named.
    """
    given = {name: environ.get(name, "") for name in NAMED}
    return {
        name: os.path.abspath(os.path.expanduser(value))
        for name, value in given.items()
        if value and (name, value) != ("BMKIT_PROGRESS", "off")
    }


def neutral(
    threads: int = 1, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """``environ`` without the user's own settings, for a process that runs lessons.

    Args:
        threads: as for `variables`.
        environ: what a process would have without.
    """
    kept = {name: value for name, value in environ.items() if not _dropped(name)}
    return {
        **kept,
        **places(environ),
        **variables(threads),
        **paths(environ),
        "MATPLOTLIBRC": str(PLOTS),
        "IPYTHONDIR": str(_folder() / "ipython"),
        "JUPYTER_CONFIG_DIR": str(_folder() / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(_folder() / "runtime"),
        "TMPDIR": tempfile.gettempdir(),
    }


def _dropped(name: str) -> bool:
    name = name.upper()
    return name in DROPPED or (name.startswith(DROPPED_ALL) and name not in KEPT)


@cache
def _folder() -> Path:
    """This process's own folder for what IPython and Jupyter want to write."""
    # Named so that one whose owner was killed is swept up with its sockets.
    made = tempfile.mkdtemp(prefix=f"bmkit-{os.getpid()}-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


def give_home() -> None:
    """See that this process has a home folder and its user a name; both are asked for.

    A container's user often has neither: libraries then fail as they are imported.
    """
    if not os.path.isabs(os.path.expanduser("~")):
        os.environ["HOME"] = str(_folder())
    if os.name == "posix" and not {"LOGNAME", "USER"} & os.environ.keys():
        import pwd

        try:
            pwd.getpwuid(os.getuid())
        except KeyError:
            os.environ["LOGNAME"] = "user"


@contextlib.contextmanager
def kernels(threads: int = 1) -> Iterator[None]:
    """Kernels started inside get `neutral`: nothing of the user's own settings.

    May be entered by several threads at once: the last to leave puts things back.

    Args:
        threads: as for `variables`.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _before.update(os.environ)
            _replace(neutral(threads))
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _replace(_before)
                _before.clear()


def _replace(wanted: Mapping[str, str]) -> None:
    """Make the environment ``wanted``, never empty on the way: threads read it."""
    os.environ.update(wanted)
    for name in os.environ.keys() - wanted.keys():
        os.environ.pop(name, None)
