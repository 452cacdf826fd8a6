"""The process that imports once and forks many times.

It runs no operation and starts no thread: a fork copies one thread only, and a lock
that another thread held would stay locked in the child for ever. It speaks JSON
datagrams over one socket, inherited from the process that started it:

    {"fork": 7, "entry": "module:function", "args": {…}, "jail": {…} or null,
     "group": true} + files, a memory group's entrance last
    {"signal": 7, "number": 2}
    → {"ready": …} or {"failed": …}, {"forked": 7, "pid": …}, {"exit": 7, "code": …}

When the other end closes, every child is killed and the process ends: no orphans.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Any

from bmkit.course.kernels import usage
from bmkit.course.kernels.process import die_with_parent

LARGEST = 1 << 16  # bytes of one datagram
FILES = 9  # files that may come with one
WATCH = 0.2  # seconds between looks at what the jailed children use


@dataclass
class Child:
    """A forked process, ours to signal, to watch and to bury."""

    number: int
    pid: int  # the direct child
    inner: int  # the process that runs the entry: another one when jailed
    pidfd: int
    limits: dict[str, Any] | None


class Server:
    """Answers one client over ``channel`` until it closes."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.children: dict[int, Child] = {}

    def tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the client is gone: its end comes next
            self.channel.send(json.dumps(message).encode())

    def serve(self) -> None:
        """Fork, signal and bury until the client's end closes."""
        while True:
            watched: list[Any] = [
                self.channel,
                *(c.pidfd for c in self.children.values()),
            ]
            jailed = any(child.limits for child in self.children.values())
            ready, _, _ = select.select(watched, [], [], WATCH if jailed else None)
            for child in list(self.children.values()):
                if child.pidfd in ready:
                    self.bury(child)
            if jailed:
                self.watch()
            if self.channel in ready and not self.answer():
                return

    def answer(self) -> bool:
        """Do what one datagram asks; False when there will be no more."""
        data, files, _, _ = socket.recv_fds(self.channel, LARGEST, FILES)
        if not data:
            return False
        request = json.loads(data)
        if "fork" in request:
            self.fork(request, files)
        elif child := self.children.get(request["signal"]):
            if request["number"] == signal.SIGKILL:
                self.kill(child)
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.inner, request["number"])
        return True

    def fork(self, request: dict[str, Any], files: list[int]) -> None:
        """Start a child that runs the entry and nothing after it."""
        read, write = os.pipe()
        here = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            self.run(request, files, write, here)
        os.close(write)
        for file in files:
            os.close(file)
        inner = _number(read)
        number = request["fork"]
        self.children[number] = Child(
            number, pid, inner or pid, os.pidfd_open(pid), request["jail"]
        )
        self.tell({"forked": number, "pid": pid})

    def run(
        self, request: dict[str, Any], files: list[int], write: int, parent: int
    ) -> None:
        """In the child: step into the jail, run the entry, end. Never returns."""
        code = 1
        try:
            die_with_parent(parent)
            os.setsid()
            self.channel.close()
            for child in self.children.values():
                os.close(child.pidfd)
            if request["group"]:  # what it uses is counted from here on
                entrance = files.pop()
                os.write(entrance, b"0")
                os.close(entrance)
            if request["jail"]:
                from bmkit.course.kernels import sandbox

                sandbox.enter(
                    request["jail"],
                    born=lambda pid: os.write(write, f"{pid}\n".encode()),
                )
            else:
                os.write(write, f"{os.getpid()}\n".encode())
            os.close(write)
            module, _, function = request["entry"].partition(":")
            entry = getattr(importlib.import_module(module), function)
            code = entry(files, **request["args"]) or 0
        except SystemExit as exit:
            code = exit.code if isinstance(exit.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)  # no atexit, no destructor of a stranger's

    def bury(self, child: Child) -> None:
        """Collect a child that has ended and tell its client how."""
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pidfd)
        del self.children[child.number]
        code = os.waitstatus_to_exitcode(status)
        self.tell({"exit": child.number, "code": code})

    def watch(self) -> None:
        """Kill each jailed child that has more memory or processes than it may.

        What counts for no process may fill the machine all the same: when too little
        is left, the child goes that may hold the most of it.
        """
        trees = usage.trees()
        own = usage.of(os.getpid())
        claims: dict[int, int] = {}
        for child in list(self.children.values()):
            if not child.limits:
                continue
            family = [usage.of(p) for p in usage.descendants(child.inner, trees)]
            # What a fork shares with us is ours, not its own.
            kibibytes = sum(max(0, one.resident - own.resident) for one in family)
            claims[child.number] = sum(one.claim(own) for one in family)
            if sum(one.threads for one in family) > child.limits["processes"]:
                self.end_for(child, "processes", child.limits["processes"])
            elif kibibytes > child.limits["memory"] * 1024:
                self.end_for(child, "memory", child.limits["memory"])
        left, reserve = usage.available()
        if left < reserve and claims:
            greediest = max(claims, key=claims.__getitem__)
            if claims[greediest] >= reserve:
                self.end_for(self.children[greediest], "machine", reserve // 1024)

    def end_for(self, child: Child, limit: str, most: float) -> None:
        """Kill a child that is beyond a limit, and tell its client which."""
        self.tell({"over": child.number, "limit": limit, "most": most})
        self.kill(child)

    def kill(self, child: Child) -> None:
        """End a child and all below it."""
        # The inner one too: it can take back that it dies with its parent.
        for pid in (child.inner, child.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill and bury every child."""
        for child in list(self.children.values()):
            self.kill(child)
            self.bury(child)


def _number(read: int) -> int:
    """The process id that the child writes once it stands where it will run."""
    with open(read, encoding="ascii") as pipe:
        line = pipe.readline()
    return int(line) if line.strip() else 0


def preload(names: list[str]) -> None:
    """Import what the children will need.

    Raises:
        RuntimeError: one of them started a thread, so nothing may be forked.
    """
    for name in names:
        module, _, function = name.partition(":")
        imported = importlib.import_module(module)
        if function:
            getattr(imported, function)()
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"{threads} threads after importing {', '.join(names)}")
    gc.collect()
    gc.freeze()  # the collector touches no shared page in the children


def main() -> None:
    """``python -m bmkit.course.kernels.forkserver FILE NAMES``."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    names = [name for name in sys.argv[2].split(",") if name]
    server = Server(channel)
    began = time.monotonic()
    try:
        preload(names)
    except BaseException as error:
        server.tell({"failed": f"{type(error).__name__}: {error}"})
        os._exit(1)  # at once, whatever thread a module may have left behind
    server.tell({"ready": time.monotonic() - began})
    # Ctrl-C in the terminal is the client's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server.serve()
    finally:
        server.end()


if __name__ == "__main__":
    main()
