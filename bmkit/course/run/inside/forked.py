"""Run small jobs in forked children: what one breaks, no other and no parent sees.

A child is a copy of the lesson's kernel at that moment, made in milliseconds. It has a
limit of processor time, which a busy machine does not use up, and of memory, and is
killed when the kernel ends. Forking needs POSIX.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import math
import os
import selectors
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

PR_SET_PDEATHSIG = 1
WALL = 8  # as many times its limit of processor time a child may last: it may sleep
MEMORY = 4 * 2**30  # bytes of address space beyond what the kernel has


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its value, or why there is none."""

    value: Any = None
    lost: str = ""  # "too long" or "died"


@dataclass
class _Child:
    number: int
    pid: int
    deadline: float
    said: bytes = b""


def supported() -> bool:
    """Whether this process can be forked: POSIX, and no graphics card in use."""
    torch = sys.modules.get("torch")
    return hasattr(os, "fork") and not (torch and torch.cuda.is_initialized())


def in_children(
    jobs: Sequence[Callable[[], Any]], limit: float, workers: int | None = None
) -> list[Outcome]:
    """Call each job in a child of its own, a few side by side.

    Args:
        jobs: what they return must be values of JSON; an exception counts as death.
        limit: seconds of processor time each may take.
        workers: children at one time; as many as there are cores if not given.

    Returns:
        an outcome for each job, in order.
    """
    workers = workers or _cores()
    done: dict[int, Outcome] = {}
    waiting = list(range(len(jobs)))[::-1]
    running: dict[int, _Child] = {}
    selector = selectors.DefaultSelector()
    gc.freeze()  # a collection in a child would copy every page
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                number = waiting.pop()
                pipe, pid = _fork(jobs[number], limit)
                running[pipe] = _Child(number, pid, time.monotonic() + WALL * limit)
                selector.register(pipe, selectors.EVENT_READ)
            first = min(child.deadline for child in running.values())
            for key, _ in selector.select(max(0.0, first - time.monotonic())):
                child = running[key.fd]
                said = os.read(key.fd, 2**16)
                child.said += said
                if not said:
                    done[child.number] = _ended(selector, running, key.fd)
            for pipe, child in list(running.items()):
                if time.monotonic() > child.deadline:
                    _ended(selector, running, pipe)
                    done[child.number] = Outcome(lost="too long")
    finally:
        for pipe in list(running):
            _ended(selector, running, pipe)
        selector.close()
        gc.unfreeze()
    return [done[number] for number in range(len(jobs))]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fork(job: Callable[[], Any], limit: float) -> tuple[int, int]:
    """The reading end of the child's pipe, and the child's id."""
    out, into = os.pipe()
    parent = os.getpid()
    with warnings.catch_warnings():
        # The kernel has threads; of those the child has none, and needs none.
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid:
        os.close(into)
        return out, pid
    try:
        os.close(out)
        _alone(parent, limit)
        text = json.dumps(job()).encode()
        with open(into, "wb") as pipe:
            pipe.write(text)
    finally:  # whatever happened: nothing of the kernel's goes on in the child
        os._exit(0)


def _alone(parent: int, limit: float) -> None:
    """Make a copy of the kernel a process that ends, and says nothing."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with contextlib.suppress(Exception):  # Linux alone has it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    gc.disable()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    with contextlib.suppress(Exception):
        import resource

        seconds = math.ceil(limit)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    torch = sys.modules.get("torch")
    if torch is not None:  # the threads of its pool did not come along
        torch.set_num_threads(1)


def _ended(
    selector: selectors.BaseSelector, running: dict[int, _Child], pipe: int
) -> Outcome:
    """See to it that a child has ended; what it said."""
    child = running.pop(pipe)
    selector.unregister(pipe)
    os.close(pipe)
    for kill in (os.killpg, os.kill):  # its group, if it came so far as to have one
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child.pid, signal.SIGKILL)
    status = 0
    with contextlib.suppress(ChildProcessError):
        _, status = os.waitpid(child.pid, 0)
    try:
        return Outcome(json.loads(child.said))
    except ValueError:
        long = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
        return Outcome(lost="too long" if long else "died")
