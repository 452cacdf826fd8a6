"""The process that runs a stranger's notebook: in the sandbox, without any test.

It does what the judge says over one socket (run this cell, say what came of it) and
lets the examiner use the notebook's functions over another. Whatever its code does to
this interpreter, it can only change its own answers.
"""

from __future__ import annotations

import io
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from bmkit.course.grade.judge import messages
from bmkit.course.grade.judge.exceptions import text_of
from bmkit.course.grade.judge.rpc import Peer
from bmkit.course.json_values import JsonObject

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

    _shell = Shell.instance(config=config)
    matplotlib.use("module://matplotlib_inline.backend_inline")
    _shell.enable_matplotlib("inline")


def main(files: list[int], *, home: str, output: float) -> None:
    """Serve the judge on the first file and the examiner on the second.

    Args:
        files: the two sockets.
        home: the folder to work in.
        output: MiB that may be shown in all.
    """
    control, bridge = (socket.socket(fileno=file) for file in files)
    _step_into(home)
    space = _shell.user_ns
    space["__name__"] = "__main__"
    recorder = Recorder(int(output * 2**20))
    recorder.attach(_shell)
    peer = Peer(bridge, space)
    while True:
        ready, _, _ = select.select([control, bridge], [], [])
        if bridge in ready:
            request = messages.receive(bridge)
            _interruptible(partial(peer.serve, request))
        if control in ready:
            try:
                message = messages.receive(control)
            except EOFError:
                return
            messages.send(control, run(message["cell"], recorder))


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


class Recorder:
    """What a cell prints, shows and raises, in order, up to a limit in all."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.outputs: list[JsonObject] = []

    def start(self) -> None:
        """Forget the last cell's outputs."""
        self.outputs = []

    def attach(self, shell: Any) -> None:
        """Take the place of the terminal."""
        from IPython.core.displayhook import DisplayHook
        from IPython.core.displaypub import DisplayPublisher

        recorder = self

        class Publisher(DisplayPublisher):
            """Takes what `display` shows."""

            def publish(
                self, data: Any, metadata: Any = None, source: Any = None, **_: Any
            ) -> None:
                recorder.show("display_data", data, metadata or {})

            def clear_output(self, wait: bool = False) -> None:
                recorder.start()

        class Hook(DisplayHook):
            """Takes the value of a cell's last line."""

            def write_output_prompt(self) -> None: ...

            def write_format_data(self, data: Any, metadata: Any = None) -> None:
                recorder.show("execute_result", data, metadata or {})

            def finish_displayhook(self) -> None: ...

        shell.display_pub = Publisher(parent=shell)
        shell.displayhook = Hook(shell=shell, parent=shell)
        shell.display_trap.hook = shell.displayhook
        shell._showtraceback = self.raised
        sys.stdout, sys.stderr = Stream(self, "stdout"), Stream(self, "stderr")

    def show(self, kind: str, data: Any, metadata: Any) -> None:
        """Keep one rich output."""
        import base64

        plain: JsonObject = {}
        for mime, body in data.items():
            if isinstance(body, bytes):
                body = base64.b64encode(body).decode()
            plain[mime] = body
        size = sum(len(str(body)) for body in plain.values())
        if not self._spend(size):
            return
        output: JsonObject = {"output_type": kind, "data": plain}
        output["metadata"] = metadata
        if kind == "execute_result":
            output["execution_count"] = None
        self.outputs.append(output)

    def printed(self, name: str, text: str) -> None:
        """Keep what was printed."""
        if not self._spend(len(text)):
            return
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") != name:
            last = {"output_type": "stream", "name": name, "text": io.StringIO()}
            self.outputs.append(last)
        last["text"].write(text)  # adding to a string would copy it every time

    def shown(self) -> list[JsonObject]:
        """The outputs as a notebook holds them."""
        outputs = [dict(output) for output in self.outputs]
        for output in outputs:
            if isinstance(output.get("text"), io.StringIO):
                output["text"] = output["text"].getvalue()
        return outputs

    def raised(self, kind: object, value: object, lines: list[str]) -> None:
        """Keep an error, as IPython would print it."""
        output = {"output_type": "error", "ename": getattr(kind, "__name__", "Error")}
        output |= {"evalue": str(value)[:4000], "traceback": [str(x) for x in lines]}
        if self._spend(sum(map(len, output["traceback"]))):
            self.outputs.append(output)

    def _spend(self, size: int) -> bool:
        if self.left < 0:
            return False
        self.left -= size
        if self.left < 0:
            text = "… more than may be shown; the rest is left out\n"
            self.outputs.append(
                {"output_type": "stream", "name": "stderr", "text": text}
            )
            return False
        return True


class Stream:
    """A text file that the recorder reads; nothing below it."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder, self.name = recorder, name

    def write(self, text: str) -> int:
        self._recorder.printed(self.name, str(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self.name == "stdout" else 2
