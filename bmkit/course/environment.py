"""The environment in which lessons run and are graded: the same for both."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def kernels(threads: int = 1) -> Iterator[None]:
    """Kernels started inside get our interpreter, few threads, no record of progress.

    Args:
        threads: how many each kernel may use; more than its share of the cores makes
            busy machines far slower.
    """
    root = str(Path(__file__).resolve().parents[2])
    here = str(Path(sys.executable).parent)  # nbgrader runs alembic from PATH
    names = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
    wanted = {f"{name}_NUM_THREADS": str(threads) for name in names}
    wanted |= {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait do not spin
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "BMKIT_PROGRESS": "off",
        "PYTHONHASHSEED": "0",
        "PATH": os.pathsep.join([here, os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [root, os.environ.get("PYTHONPATH")])
        ),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
