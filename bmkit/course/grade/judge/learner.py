"""The process that runs a stranger's notebook: in the sandbox, without any test.

It does what the judge says over one socket (run this cell, say what came of it) and
lets the examiner use the notebook's functions over another. Whatever its code does to
this interpreter, it can only change its own answers.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bmkit.course.grade.assembly import DEVICE, PROFILE
from bmkit.course.grade.judge import messages, planning
from bmkit.course.grade.judge.exceptions import ConnectionLost, as_it_arrives, text_of
from bmkit.course.grade.judge.recorder import Recorder
from bmkit.course.grade.judge.rpc import Peer
from bmkit.course.json_values import JsonObject
from bmkit.lab.real_error import cells, own_words
from bmkit.lab.start import FIXED
from bmkit.lab.usual_settings import forget_missing_device, usual
from bmkit.language import speak

_shell: Any = None  # an InteractiveShell, once `prepare` has made it


def prepare() -> None:
    """Before any fork: an IPython shell as a notebook has, with pictures inline."""
    global _shell
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False  # it would start a thread
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"  # looking up context takes 20 ms
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.autocall = 0

    class Shell(InteractiveShell):
        """A shell for pictures inline, as a notebook's: no window to look after."""

        def enable_gui(self, gui: object = None) -> None: ...

        def ask_exit(self) -> None: ...  # a kernel ends after the cell

    _shell = Shell.instance(config=config)
    matplotlib.use("module://matplotlib_inline.backend_inline")
    _shell.enable_matplotlib("inline")
    with usual():  # PyTorch imports more at its first use: what a stranger may break
        forget_missing_device()


def main(files: list[int], *, home: str, output: float) -> None:
    """Serve the judge on the first file, and the examiner on the one that it uses.

    Args:
        files: the sockets: the judge's, and one for each examiner that there may be.
        home: the folder to work in.
        output: MiB that may be shown in all.
    """
    control, *bridges = (socket.socket(fileno=file) for file in files)
    _step_into(home)
    os.environ[FIXED] = f"{PROFILE} {DEVICE}"
    os.environ["PIP_NO_INDEX"] = "1"  # else it tries for long what no network answers
    space = _shell.user_ns
    space["__name__"] = "__main__"
    recorder = Recorder(int(output * 2**20))
    recorder.attach(_shell)
    peers = {bridge: Peer(bridge, space) for bridge in bridges}
    while True:
        ready, _, _ = select.select([control, *peers], [], [])
        for bridge in peers.keys() & set(ready):
            try:
                request = messages.receive(bridge)
                with usual(peers[bridge].dtype):
                    _interruptible(partial(peers[bridge].serve, request))
            except (EOFError, OSError, ConnectionLost):
                del peers[bridge]  # this examiner has ended; another may come
        if control in ready:
            try:
                message = messages.receive(control)
            except EOFError:
                return
            if "files" in message:
                lay(message["files"])
                messages.send(control, {})
            elif "plan" in message:
                messages.send(control, planned(message))
            elif "failed" in message:
                told = explained(message, [peer.raised for peer in peers.values()])
                messages.send(control, {"told": told})
            else:
                messages.send(control, run(message["cell"], recorder))


def lay(files: dict[str, str]) -> None:
    """Write the files that came along with the notebook into the folder it runs in.

    Args:
        files: each one's bytes in base64, by its path.
    """
    for name, data in files.items():
        path = Path(name)
        with contextlib.suppress(OSError):  # no room: the code that reads it says so
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b64decode(data))
            path.chmod(0o444)


def planned(message: JsonObject) -> JsonObject:
    """Which cells to run; nothing when it was interrupted."""
    found: JsonObject = {}
    _interruptible(lambda: found.update(planning.made(message)))
    return found


def explained(message: JsonObject, raised: list[BaseException | None]) -> str:
    """Why a check failed, in the learner's words; empty where the check says it.

    Args:
        message: ``failed``, the kind and the text of the check's error; ``names``, what
            the exercise defines; ``cells``, how many ran since the check before;
            ``lang``, the learner's; ``hidden``, whether a hidden test met the error.
        raised: what the notebook's functions raised last.
    """
    told: list[str] = []

    def explain() -> None:
        speak(message["lang"])
        kind, text = message["failed"]
        if kind == "NameError":
            error, within = NameError(text), message["cells"]
            told.append(cells.told(message["names"], error, within))
        for one in raised:
            if one is not None and as_it_arrives(one) == message["failed"]:
                told.append(own_words(one, hidden=message["hidden"]))

    _interruptible(explain)
    return next(filter(None, told), "")[:4000]


def run(source: str, recorder: Recorder) -> JsonObject:
    """Run one cell as a notebook would; its outputs, and the name of its error."""
    result: Any = None

    def cell() -> None:
        nonlocal result
        result = _shell.run_cell(source, store_history=False)

    recorder.start()
    _interruptible(cell)
    # An error may say of itself that it is false.
    errors = (result.error_before_exec, result.error_in_exec) if result else ()
    error = next((one for one in errors if one is not None), None)
    failed = "" if result and error is None else type(error).__name__
    says = "" if error is None else text_of(error)
    with contextlib.suppress(Exception):  # its code may have broken what these use
        cells.add(source, error)
        forget_missing_device()
    return {"outputs": recorder.shown(), "failed": failed, "says": says}


def _interruptible(work: Callable[[], object]) -> None:
    """Do ``work``; SIGINT stops it, and comes too late for anything else."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _step_into(home: str) -> None:
    os.chdir(home)
    sys.path.insert(0, "")
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)
