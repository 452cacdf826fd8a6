"""The GPU, as nvidia-smi tells of it: no framework is imported, nothing is taken up."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from functools import cache

from bmkit.course.run.execution import CannotRun
from bmkit.course.words import say

# GiB of GPU memory for one lesson: its context, its models and what PyTorch keeps.
LESSON = {"ci": 2, "workshop": 4, "full": 24}


@cache
def processor(device: str) -> str:
    """The GPU's name, or ``cpu``.

    Raises:
        CannotRun: the device is ``cuda``, and there is no GPU.
    """
    name = "" if device == "cpu" else _asked("name")
    if device == "cuda" and not name:
        raise CannotRun(say("run.no_gpu"))
    return name or "cpu"


def fitting(device: str, profile: str) -> int | None:
    """How many lessons the free memory of the GPU is enough for; one at least.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
        profile: it says how much a lesson takes.

    Returns:
        None where no GPU is used, or it does not say what is free.
    """
    if processor(device) == "cpu":
        return None
    mebibytes = _asked("memory.free").split("\n")[0]
    if not mebibytes.isdigit():
        return None
    return max(1, int(mebibytes) // (LESSON[profile] * 1024))


def _asked(what: str) -> str:
    """What nvidia-smi answers, a line for each GPU that lessons see; empty for none."""
    program = shutil.which("nvidia-smi")
    command = [f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    if seen := os.environ.get("CUDA_VISIBLE_DEVICES", "").strip():
        command.append(f"--id={seen}")
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if program:
            return subprocess.run(
                [program, *command],
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            ).stdout.strip()
    return ""
