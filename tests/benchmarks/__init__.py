"""Measurements, run by hand: both sides in one run, medians and their ratio printed.

Walls are noisy where others use the machine: each prints the load it met.
"""

from __future__ import annotations

import os


def load() -> str:
    """The machine's load, in words."""
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (5 min: {five:.1f}) on {os.cpu_count()} cores"


def busy() -> float:
    """CPU seconds that this machine has worked for anybody since it began (Linux)."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, *_ = map(int, file.readline().split()[1:])
    except OSError:
        return 0.0
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")
