"""A grader that stays for some minutes, so that the next file need not wait for it.

`bmkit grade --keep-warm FILE` leaves one running, with the frameworks imported; what
the same user grades meanwhile is judged by it. It answers on a Unix socket in a folder
that is the user's alone, judges in the sandbox and nowhere else, takes one submission
after another, and ends by itself when nothing comes. The socket's name has the hash of
bmkit's code: a grader of other code is not asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from bmkit.course.build import cache
from bmkit.course.grade.judge import worker
from bmkit.course.grade.judge.job import Job
from bmkit.course.grade.result import Verdict
from bmkit.course.json_values import shaped
from bmkit.course.kernels import environment
from bmkit.course.kernels.limits import Limits

IDLE = 300.0  # seconds without work after which it ends
PATIENCE = 20.0  # seconds that it gets to begin listening


def ask(
    job: Job, names: tuple[str, ...], limits: Limits, *, begin: bool = False
) -> Verdict | None:
    """The verdict of a grader that stands by; None where there is none.

    Args:
        job: the submission.
        names: `worker.preload` of its lesson.
        limits: what its code may use.
        begin: start one where there is none.
    """
    request = {"job": asdict(job), "names": names, "limits": asdict(limits)}
    try:
        with _connected(begin) as channel:
            channel.sendall(json.dumps(request).encode())
            channel.shutdown(socket.SHUT_WR)
            with channel.makefile("rb") as answer:
                said = answer.read().decode()
        return Verdict.loads(said) if said else None
    except (OSError, ValueError):  # it ended meanwhile: judged here, as without it
        return None


def _connected(begin: bool) -> socket.socket:
    """A connection to the grader that stands by.

    Raises:
        OSError: there is none.
    """
    path = address()
    until = time.monotonic() + PATIENCE
    started: subprocess.Popen[bytes] | None = None
    while True:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            channel.connect(str(path))
            return channel
        except OSError:
            channel.close()
            ended = started is not None and started.poll() is not None
            if not begin or ended or time.monotonic() > until:
                raise
        if started is None:
            started = _start()
        time.sleep(0.05)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bmkit.course.grade.standby", str(IDLE)],
        env={**os.environ, **environment.paths()},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it outlives the command
    )


def address() -> Path:
    """Where a grader of this code listens.

    Raises:
        OSError: somebody else's folder lies where ours should.
    """
    base = tempfile.gettempdir()
    # A Unix socket's path has at most 107 bytes.
    base = base if len(base) < 60 else "/tmp"
    home = Path(base) / f"bmkit-grader-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700)
    found = home.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o177077 != 0o040000:
        raise PermissionError(f"{home} is not a folder of yours alone")
    code = f"{sys.executable}\n{cache.kit()}"
    return home / hashlib.sha256(code.encode()).hexdigest()[:16]


def serve(idle: float) -> None:
    """Judge what comes, until nothing has come for ``idle`` seconds."""
    path = address()
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    ours = path.with_name(f"{path.name}.{os.getpid()}")
    channel.bind(str(ours))
    channel.listen()
    channel.settimeout(idle)
    os.rename(ours, path)  # of two that start at once the later is asked
    number = path.stat().st_ino
    try:
        while True:
            client, _ = channel.accept()
            with client, contextlib.suppress(Exception):  # it is judged elsewhere then
                client.settimeout(PATIENCE)
                client.sendall(_judged(client).encode())
    except TimeoutError:
        pass
    finally:
        with contextlib.suppress(OSError):
            if path.stat().st_ino == number:  # no other has taken the name over
                path.unlink()


def _judged(client: socket.socket) -> str:
    with client.makefile("rb") as asked:
        request = json.loads(asked.read())
    job, limits = shaped(request["job"], Job), shaped(request["limits"], Limits)
    return worker.judge_job(job, tuple(request["names"]), limits).dumps()


if __name__ == "__main__":
    serve(float(sys.argv[1]))
