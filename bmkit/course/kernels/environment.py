"""The environment in which lessons run and are graded: the same for both."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
_lock = threading.Lock()
_inside = 0  # how many are inside `kernels`
_before: dict[str, str | None] = {}  # what the environment was without


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
        "BMKIT_PROGRESS": "off",
        "PYTHONHASHSEED": "0",
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


@contextlib.contextmanager
def kernels(threads: int = 1) -> Iterator[None]:
    """Kernels started inside get our interpreter, few threads, no record of progress.

    May be entered by several threads at once: the last to leave puts things back.

    Args:
        threads: as for `variables`.
    """
    global _inside
    wanted = variables(threads) | paths()
    with _lock:
        if _inside == 0:
            _before.update({name: os.environ.get(name) for name in wanted})
            os.environ.update(wanted)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _restore()


def _restore() -> None:
    for name, value in _before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _before.clear()
