"""JupyterLab as a quiet child: its address is told, its log goes to a file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bmkit.course.words import say

# Options of JupyterLab that no value follows. Any other, as --port, may have one.
FLAGS = {
    *("allow-root", "autoreload", "collaborative", "core-mode", "custom-css", "debug"),
    *("dev-mode", "expose-app-in-browser", "extensions-in-dev-mode", "generate-config"),
    *("no-browser", "no-script", "script", "show-config", "show-config-json"),
    *("skip-dev-build", "splice-source", "watch", "y", "help-all", "version"),
}
BEATS = 0.1  # seconds between two looks for the server's address
PREFIX = re.compile(r"^\[\w [\d:. -]+ \w+\]\s*")  # of a log's line: level, time, who
PATIENCE = 10  # seconds that a server may take to end


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """The words that name something, and those that are options, with their values."""
    names: list[str] = []
    options: list[str] = []
    takes = False
    for word in words:
        if word.startswith("-"):
            takes = "=" not in word and word.lstrip("-") not in FLAGS
            options.append(word)
        elif takes:
            takes = False
            options.append(word)
        else:
            names.append(word)
    return names, options


def serve(
    start: str, words: list[str], env: Mapping[str, str], own: Path, log: Path
) -> int:
    """Start JupyterLab, tell its address, wait for it; return its exit code.

    Args:
        start: what it opens first, below its address.
        words: what its command line says.
        env: its environment.
        own: a folder of ours, for what it tells of itself.
        log: the file that gets all it prints; the folder is there.
    """
    command = [sys.executable, "-m", "jupyterlab", "--log-level=WARN"]
    command += [f"--LabApp.default_url=/{start}", *words]
    given = {**env, "JUPYTER_RUNTIME_DIR": str(own)}
    # Who ends us, or closes the terminal, means JupyterLab and its kernels.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)
    # In a session of its own Ctrl-C is ours alone: JupyterLab would ask back.
    with (
        open(log, "wb", opener=_private) as out,
        subprocess.Popen(
            command,
            env=given,
            stdin=subprocess.DEVNULL,
            stderr=out,
            start_new_session=True,
        ) as server,
    ):
        try:
            if address := _address(server, start, own):
                print(say("lab.address", address=address), flush=True)
                print(say("lab.stop"), flush=True)
            code = server.wait()
        except KeyboardInterrupt:
            _end(server)
            return 0
    if code:
        told = say("lab.ended", why=_last(log), log=log)
        print(f"bmkit lab: {told}", file=sys.stderr)
    return code


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _private(path: str, flags: int) -> int:
    """Open for its owner alone: the log has the token, which lets anyone in."""
    with contextlib.suppress(OSError):
        os.chmod(path, 0o600)
    return os.open(path, flags, 0o600)


def _address(server: subprocess.Popen[bytes], start: str, own: Path) -> str:
    """The address to open in a browser; empty when the server has ended."""
    told = own / f"jpserver-{server.pid}.json"
    while server.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(told.read_text(encoding="utf-8"))
            token = f"?token={found['token']}" if found.get("token") else ""
            return f"{found['url']}{start}{token}"
        time.sleep(BEATS)
    return ""


def _end(server: subprocess.Popen[bytes]) -> None:
    """End it, and its kernels with it."""
    server.terminate()
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()


def _last(log: Path) -> str:
    """The last line that it printed, as that of an error is; none of a traceback."""
    rows = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [row.strip() for row in rows if row.strip() and not row.startswith(" ")]
    return PREFIX.sub("", said[-1])[:300] if said else say("lab.silent")
