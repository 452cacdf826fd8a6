"""Where a client and its kernels meet: listening sockets in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

BACKLOG = 16  # connections that wait on a channel until the kernel stands
NOTE = "connection.json"  # names the connection file, for whoever sweeps up

_lock = threading.Lock()
_folder = ""


def listening(path: str) -> socket.socket:
    """A Unix socket that takes connections at ``path``, where an old one may lie."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.bind(path)
    channel.listen(BACKLOG)
    channel.setblocking(False)  # as ZeroMQ wants what it is given
    return channel


def sheet(content: object) -> IO[bytes]:
    """A file in memory alone with ``content`` as JSON: an environment may be large."""
    file = os.fdopen(os.memfd_create("bmkit"), "w+b")
    file.write(json.dumps(content).encode())
    file.seek(0)
    return file


def sink(asked: Any, number: int, silent: bool) -> IO[bytes]:
    """Where a kernel's own stdout or stderr goes.

    Args:
        asked: what the client gave for it, as for `subprocess.Popen`.
        number: 1 or 2: where ours goes, when nothing was asked.
        silent: nowhere, whatever was asked.
    """
    given = number if asked is None else asked
    if not silent:
        # Negative for DEVNULL and PIPE, which nobody reads; ours may be closed.
        with contextlib.suppress(OSError):
            given = given.fileno() if hasattr(given, "fileno") else given
            return open(os.dup(given), "wb", buffering=0)
    return open(os.devnull, "wb")


def folder() -> str:
    """This process's folder for sockets, gone with it.

    What a client that was killed has left is removed at the next start of one.
    """
    global _folder
    mine = f"bmkit-{os.getpid()}-"
    with _lock:
        if not Path(_folder).name.startswith(mine) or not os.path.isdir(_folder):
            base = tempfile.gettempdir()
            # A Unix socket's path has at most 107 bytes, for ZeroMQ those of a string.
            base = base if base.isascii() and len(base) < 60 else "/tmp"
            _sweep(Path(base))
            _folder = tempfile.mkdtemp(prefix=mine, dir=base)
    return _folder


def remove() -> None:
    """Remove this process's folder."""
    if Path(_folder).name.startswith(f"bmkit-{os.getpid()}-"):
        shutil.rmtree(_folder, ignore_errors=True)


def note(home: str, connection_file: str) -> None:
    """Let whoever sweeps up after us find the connection file too."""
    link = Path(home) / NOTE
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.abspath(connection_file))


def _sweep(base: Path) -> None:
    for left in base.glob("bmkit-*-*"):
        owner = left.name.split("-")[1]
        if owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            with contextlib.suppress(OSError):
                if left.stat().st_uid == os.getuid():
                    for link in left.rglob(NOTE):
                        link.readlink().unlink(missing_ok=True)
                    shutil.rmtree(left)
