"""What processes use, as Linux tells it in ``/proc``."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from functools import cache

SOCKET = 208  # KiB that may wait in a socket, by the kernel's own default
SHARE, LEAST = 20, 256 * 1024  # the machine's reserve: a 20th, at least 256 MiB
FIELD = re.compile(rb"^(\w+):\s+(\d+)", re.M)


@dataclass(frozen=True)
class Usage:
    """One process.

    Attributes:
        resident: KiB in memory, but for files: a fork has not mapped all those of its
            parent.
        mapped: KiB of addresses.
        threads: how many.
        files: open ones.
    """

    resident: int = 0
    mapped: int = 0
    threads: int = 0
    files: int = 0

    def claim(self, parent: Usage) -> int:
        """KiB that it may hold at most, counted or not, beyond its parent's."""
        held = max(self.resident - parent.resident, self.mapped - parent.mapped, 0)
        return held + self.files * SOCKET


def of(pid: int) -> Usage:
    """What a process uses; nothing if it has ended."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/status", "rb") as file:
            found = {name: int(size) for name, size in FIELD.findall(file.read())}
        return Usage(
            found.get(b"RssAnon", 0) + found.get(b"RssShmem", 0),
            found.get(b"VmSize", 0),
            # The kernel does not bound a superuser's.
            found.get(b"Threads", 0),
            _entries(f"/proc/{pid}/fd"),
        )
    return Usage()


def _entries(folder: str) -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir(folder))
    return 0


def trees() -> dict[int, list[int]]:
    """Children by parent, of all the processes that can be seen."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name, in brackets, may hold spaces and brackets itself.
                    fields = file.read().rpartition(b")")[2].split()
                found.setdefault(int(fields[1]), []).append(int(name))
    return found


def descendants(pid: int, trees: dict[int, list[int]]) -> list[int]:
    """A process and all below it."""
    family = [pid]
    for member in family:
        family += trees.get(member, [])
    return family


def available() -> tuple[int, int]:
    """KiB of the machine's memory that are left, and the reserve that must be."""
    with open("/proc/meminfo", "rb") as file:
        found = {name: int(size) for name, size in FIELD.findall(file.read())}
    return found[b"MemAvailable"], _reserve(found[b"MemTotal"])


@cache
def _reserve(total: int) -> int:
    return max(total // SHARE, LEAST)
