"""A memory cgroup around one stranger's processes, where this user may make one.

Some memory counts for no process: pages that were shared and let go, what waits in
sockets and pipes, page tables, files in memory. The kernel counts all of it for a
group. A group is made below our own (version 1), or where ours was handed over to us
(version 2, as systemd does for users); elsewhere there is none, and the fork server
watches what is left of the machine's memory instead.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import re
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NAME = "bmkit-{process}-{number}"
_numbers = itertools.count(1)
_lock = threading.Lock()
_left: list[Path] = []  # groups whose last process had not yet gone


@dataclass
class MemoryGroup:
    """One group; a process enters it by writing ``0`` into its ``entrance``.

    Attributes:
        home: its folder.
        entrance: a file descriptor, which may be handed to another process.
    """

    home: Path
    entrance: int

    def exceeded(self) -> bool:
        """Whether the kernel has ended a process of it for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                found = re.search(r"^oom_kill (\d+)", _read(self.home / name), re.M)
                return bool(found and int(found[1]))
        return False

    def remove(self) -> None:
        """Take it away, now or when its last process has gone."""
        os.close(self.entrance)
        with _lock:
            _left.append(self.home)
        tidy()


def make(mebibytes: float) -> MemoryGroup | None:
    """A new group that may have so much memory; None where none can be made."""
    place = _place()
    if place is None:
        return None
    tidy()
    home = place / NAME.format(process=os.getpid(), number=next(_numbers))
    try:
        home.mkdir()
    except OSError:
        return None
    try:
        _limit(home, int(mebibytes * 2**20))
        return MemoryGroup(home, os.open(home / "cgroup.procs", os.O_WRONLY))
    except OSError:
        with contextlib.suppress(OSError):
            home.rmdir()
        return None


def nowhere() -> bool:
    """Whether none can be made on this machine."""
    found = make(64)
    if found:
        found.remove()
    return found is None


def tidy() -> None:
    """Remove the groups that have no process any more."""
    with _lock:
        for home in list(_left):
            with contextlib.suppress(OSError):
                home.rmdir()
            if not home.exists():
                _left.remove(home)


@atexit.register
def _tidy_at_last() -> None:
    """The kernel takes a moment to let the last processes go."""
    for _ in range(20):
        tidy()
        if not _left:
            return
        time.sleep(0.05)


def _limit(home: Path, count: int) -> None:
    if (home / "memory.limit_in_bytes").exists():
        _write(home / "memory.limit_in_bytes", count)
        with contextlib.suppress(OSError):  # where swap is counted
            _write(home / "memory.memsw.limit_in_bytes", count)
        with contextlib.suppress(OSError):  # what waits in TCP is counted by itself
            _write(home / "memory.kmem.tcp.limit_in_bytes", count)
        return
    _write(home / "memory.max", count)
    with contextlib.suppress(OSError):
        _write(home / "memory.swap.max", 0)
    _write(home / "memory.oom.group", 1)


@cache
def _place() -> Path | None:
    """The folder below which groups can be made; None if there is none."""
    with contextlib.suppress(OSError):
        found = place_of(_read("/proc/self/cgroup"), _read("/proc/self/mountinfo"))
        if found is not None:
            _sweep(found)
        return found
    return None


def place_of(groups: str, mounts: str) -> Path | None:
    """Where groups with a bound on memory may be made.

    Args:
        groups: ``/proc/self/cgroup``.
        mounts: ``/proc/self/mountinfo``.
    """
    own = dict(line.split(":", 2)[1:] for line in groups.splitlines() if line)
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _, options = right.split()[:3]
        name = "memory" if kind == "cgroup" and "memory" in options.split(",") else ""
        if not (name or kind == "cgroup2") or name not in own:
            continue
        below = os.path.relpath(own[name], root)
        if below.startswith(".."):
            continue
        mine = Path(point) / below
        # Version 2 lets no group hold both processes and groups: there, beside ours.
        for place in (mine,) if name else (mine, mine.parent):
            if _usable(place, version=1 if name else 2):
                return place
    return None


def _usable(place: Path, version: int) -> bool:
    if not os.access(place, os.W_OK):
        return False
    if version == 1:
        return (place / "memory.limit_in_bytes").exists()
    with contextlib.suppress(OSError):
        below = _read(place / "cgroup.subtree_control").split()
        return "memory" in below and os.access(place / "cgroup.procs", os.W_OK)
    return False


def _sweep(place: Path) -> None:
    """Remove what a grader left that was killed."""
    pattern = re.compile(NAME.format(process=r"(\d+)", number=r"\d+"))
    for home in place.iterdir():
        found = pattern.fullmatch(home.name)
        if found and not Path("/proc", found[1]).exists():
            with contextlib.suppress(OSError):
                home.rmdir()


def _read(path: str | Path) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _write(path: Path, value: int) -> None:
    path.write_text(str(value), encoding="ascii")
