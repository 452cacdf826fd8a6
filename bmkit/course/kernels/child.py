"""What a fork does to become a Jupyter kernel."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import sys
import threading
from typing import Any

START = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "tornado.platform.asyncio"),
    *("tornado.queues", "IPython.core.debugger", "IPython.core.oinspect"),
    *("IPython.core.completerlib", "IPython.extensions.storemagic", "sqlite3"),
    *("IPython.core.logger", "faulthandler", "encodings.idna", "http.server"),
)
INLINE = "module://matplotlib_inline.backend_inline"  # as ipykernel would choose


def preload() -> None:
    """Import, in the process that forks, what a kernel's start and first cell do."""
    import importlib

    for name in START:
        with contextlib.suppress(ImportError):  # newer versions move them about
            importlib.import_module(name)


def run(files: list[int]) -> int:
    """Be a kernel until asked to end.

    Args:
        files: five listening sockets, the request as JSON, stdout and stderr.
    """
    *channels, sheet, out, err = files
    with open(sheet, "rb") as file:
        request = json.load(file)
    for number, target in ((out, 1), (err, 2)):
        os.dup2(number, target)
        os.close(number)
    _settle(request)
    _adopt(dict(zip(request["addresses"], channels, strict=True)))
    words = _words(request)
    sys.argv = ["ipykernel_launcher", *words]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]

    from ipykernel.kernelapp import IPKernelApp

    # It dies with its parent by the system's doing: 1 stands for nobody to watch.
    app = IPKernelApp.instance(parent_handle=1)
    app.initialize(words)
    app.start()
    # It still flushes when it has passed on the request to end; the application's own
    # way out would stop what it waits for, and both would wait ten seconds.
    app.control_thread.join(1)
    _finish()
    return 0


def _settle(request: dict[str, Any]) -> None:
    """Take on the environment, folder and signals that the client asked for."""
    jailed = request["connection"] is not None
    if not jailed:
        os.environ.clear()
        os.chdir(request["cwd"])
    os.environ.update(request["env"])
    os.environ.pop("JPY_PARENT_PID", None)  # our client's, if it is a kernel itself
    for path in reversed(os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        if path and path not in sys.path:
            sys.path.insert(0, path)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if jailed:  # the first process of a room ends by no signal that it does not handle
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    os.environ.setdefault("MPLBACKEND", INLINE)
    if "matplotlib" in sys.modules:  # it read the variable when it was imported
        sys.modules["matplotlib"].rcParams["backend"] = os.environ["MPLBACKEND"]
    _threads()
    # `random` sees to itself; NumPy's own generator would be its siblings' twin.
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _threads() -> None:
    """As many as the environment says, or as there are cores: import had one."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    count = int(given) if given.isdigit() else len(os.sched_getaffinity(0))
    if count > 1:
        from threadpoolctl import threadpool_limits

        threadpool_limits(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def _adopt(channels: dict[str, int]) -> None:
    """Let ZeroMQ bind these addresses on sockets that listen already."""
    import zmq

    bind, connect = zmq.Socket.bind, zmq.Socket.connect

    def adopting(self: Any, address: str) -> Any:
        number = channels.get(address)
        if number is not None:
            self.setsockopt(zmq.USE_FD, number)
        return bind(self, address)

    def reaching(self: Any, address: Any) -> Any:
        # The debugger's way to our own shell; from a sandbox its path is not seen.
        path = address if isinstance(address, str) else address.decode()
        if path in channels and not os.path.exists(path.removeprefix("ipc://")):
            return contextlib.nullcontext()
        return connect(self, address)

    zmq.Socket.bind = adopting  # type: ignore[method-assign, assignment]
    zmq.Socket.connect = reaching  # type: ignore[method-assign, assignment]


def _words(request: dict[str, Any]) -> list[str]:
    """The kernel's command line; in a sandbox with a connection file of its own."""
    words = list(request["argv"])
    if request["connection"] is None:
        return words
    path = os.path.join(os.environ["TMPDIR"], "connection.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(request["connection"])
    words[words.index("-f") + 1] = path
    return [*words, "--HistoryManager.enabled=False"]


def _finish() -> None:
    """What Python does at its end; the process that forked us leaves without."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
