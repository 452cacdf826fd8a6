"""The fork server as seen by who asks it for processes."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bmkit.course.kernels import environment, memory_group, sandbox
from bmkit.course.kernels.memory_group import MemoryGroup
from bmkit.errors import BmkitError

SLACK = 64  # MiB that a process takes besides its own data: page tables, sockets
PATIENCE = 120  # seconds that importing the frameworks may take
# Without the folder that it is started in, where a notebook's neighbour may be called
# torch.py, or a matplotlibrc. Python's -P would say so to the kernels too, which want
# theirs.
START = """
import os, sys
sys.path.remove("")
os.chdir("/")
from bmkit.course.kernels import forkserver
forkserver.main()
"""


class ForkServerError(BmkitError):
    """The fork server did not start or has ended; the message says why."""


def supported() -> bool:
    """Whether processes can be forked from a warm one here: on Linux alone.

    macOS's own libraries do not survive a fork; Windows has none.
    """
    return sys.platform == "linux"


@dataclass
class Forked:
    """A process that was forked for us.

    Attributes:
        number: its name between the fork server and us.
        pid: its id as the fork server sees it; inside a sandbox, another than ours.
        code: its exit status, negative for a signal; None while it runs.
        limit: the limit of `Limits` for whose sake it was killed; empty if none.
        most: how much that limit allows.
        group: where all its memory is counted; None where that cannot be.
    """

    server: ForkServer
    number: int
    pid: int = 0
    code: int | None = None
    limit: str = ""
    most: float = 0
    group: MemoryGroup | None = None
    known: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens when it has ended."""
        if not self.ended.is_set():
            self.server.send({"signal": self.number, "number": number})

    def kill(self) -> None:
        """End it and all that it started."""
        self.signal(9)

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit status, or None when it still runs after ``timeout`` seconds."""
        self.ended.wait(timeout)
        return self.code


class ForkServer:
    """A fork server of our own; a context manager.

    Args:
        preload: modules to import before the first fork; ``module:function`` calls
            the function too.
        jailed: run inside bubblewrap, and give every process a room of its own.
        share: what the sandbox shows besides the system, read-only.
        threads: how many each process may use.

    Raises:
        ForkServerError: it could not import, or is not supported here.
        NoSandbox: ``jailed``, and this machine has no sandbox.
    """

    def __init__(
        self,
        preload: tuple[str, ...],
        *,
        jailed: bool = False,
        share: tuple[Path, ...] = (),
        threads: int = 1,
    ) -> None:
        if not supported():
            raise ForkServerError(
                f"forking warm processes needs Linux; this is {sys.platform}"
            )
        self._numbers = itertools.count(1)
        self._forked: dict[int, Forked] = {}
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._failure = ""
        self.jailed = jailed
        self.closed = False
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [sys.executable, "-c", START, str(theirs.fileno()), ",".join(preload)]
        if jailed:
            words = sandbox.command(words, share=list(share))
            variables = sandbox.variables()
        else:
            variables = environment.neutral(threads)
            variables.pop("JPY_PARENT_PID", None)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (open while we are)
        self.process = subprocess.Popen(
            words,
            env=variables,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C is ours to answer
        )
        theirs.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ready(self) -> bool:
        """Whether everything is imported, or something could not be."""
        return self._ready.is_set()

    @property
    def started(self) -> bool:
        """Whether it has been able to fork at some time."""
        return self._ready.is_set() and not self._failure

    @property
    def busy(self) -> bool:
        """Whether a process that it forked still runs, or it is importing."""
        return bool(self._forked) or not self._ready.is_set()

    def wait_ready(self) -> None:
        """Wait until everything is imported.

        Raises:
            ForkServerError: something could not be imported.
        """
        if not self._ready.wait(PATIENCE):
            self._failure = f"not ready after {PATIENCE} s"
        if self._failure:
            reason = self._failure
            self.close()
            raise ForkServerError(reason)

    def fork(
        self,
        entry: str,
        args: dict[str, Any] | None = None,
        files: Sequence[int] = (),
        jail: dict[str, Any] | None = None,
    ) -> Forked:
        """A new process that calls ``entry(files, **args)`` and ends.

        Args:
            entry: ``module:function``.
            args: small and plain: they travel as JSON.
            files: open file descriptors to hand over; ours stay open.
            jail: `Limits.plain` for a process of a stranger's: limits, and where this
                fork server is ``jailed`` a room of its own.

        Raises:
            ForkServerError: the fork server has ended.
        """
        self.wait_ready()
        with self._lock:
            if self.closed:  # nobody would ever answer
                raise ForkServerError(self._failure or "the forking process has ended")
            forked = Forked(self, next(self._numbers))
            self._forked[forked.number] = forked
        request = {
            "fork": forked.number,
            "entry": entry,
            "args": args or {},
            "jail": {**jail, "walls": self.jailed} if jail else None,
        }
        if jail:
            forked.most = jail["memory"]
            forked.group = memory_group.make(jail["memory"] + jail["disk"] + SLACK)
        extra = [forked.group.entrance] if forked.group else []
        self.send({**request, "group": bool(extra)}, [*files, *extra])
        forked.known.wait()
        if not forked.pid:
            raise ForkServerError(self._failure or "the forking process has ended")
        return forked

    def send(self, message: dict[str, Any], files: Sequence[int] = ()) -> None:
        """One datagram to the fork server; what it cannot take any more is dropped."""
        with self._lock, contextlib.suppress(OSError):
            socket.send_fds(self._channel, [json.dumps(message).encode()], list(files))

    def close(self) -> None:
        """End the fork server and every process that it forked."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if threading.current_thread() is not self._reader:
            self._reader.join(10)
        self._channel.close()
        self._said.close()

    def _read(self) -> None:
        """In a thread: what the fork server says, until it ends."""
        while True:
            try:
                data = self._channel.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            self._take(json.loads(data))
        with self._lock:
            self.closed = True
        if not self._ready.is_set():
            self._failure = self._failure or self._last_words()
            self._ready.set()
        for forked in list(self._forked.values()):
            self._end(forked, -9)

    def _take(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready.set()
        elif "failed" in message:
            self._failure = message["failed"]
            self._ready.set()
        elif "forked" in message:
            forked = self._forked[message["forked"]]
            forked.pid = message["pid"]
            forked.known.set()
        elif "over" in message:
            forked = self._forked[message["over"]]
            forked.limit, forked.most = message["limit"], message["most"]
        elif "exit" in message:
            self._end(self._forked[message["exit"]], message["code"])

    def _end(self, forked: Forked, code: int) -> None:
        self._forked.pop(forked.number, None)
        if forked.group:
            if not forked.limit and forked.group.exceeded():
                forked.limit = "memory"
            forked.group.remove()
        forked.code = code
        forked.known.set()
        forked.ended.set()

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._said.seek(0)
            lines = self._said.read().decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1][:300]
        return "the forking process ended before it was ready"
