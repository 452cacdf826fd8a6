"""A PostgreSQL server of its own for a test: Debian's package, a socket, no port."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "open sesame"
USER = "bmkit"


def binaries() -> Path:
    """Where Debian keeps the newest server's programs; skips the test where not."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL server: install Debian's package postgresql")
    return found[-1].parent


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server with an empty data base; give its URL; leave nothing behind.

    PostgreSQL refuses to run as root, so it runs as whichever ordinary user there is.
    """
    home = binaries()
    folder = Path(tempfile.mkdtemp(prefix="bmkit-pg-"))
    who = _ordinary_user()
    try:
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        if who:
            for path in (folder, secret):
                os.chown(path, who["user"], who["group"])
        made = subprocess.run(
            [
                home / "initdb",
                f"--pgdata={folder / 'data'}",
                f"--username={USER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            **who,
        )
        assert made.returncode == 0, made.stderr
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [
                    home / "postgres",
                    *("-D", folder / "data", "-k", folder),
                    *("-c", "listen_addresses=", "-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                **who,
            )
        try:
            _wait(process, home, folder)
            yield url(folder)
        finally:
            process.send_signal(signal.SIGQUIT)  # nothing in it is worth a farewell
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def url(folder: Path, password: str = PASSWORD, database: str = "postgres") -> str:
    """The server's URL, as a teacher would write it."""
    secret = password.replace(" ", "%20")
    return f"postgresql://{USER}:{secret}@/{database}?host={folder}"


def _ordinary_user() -> dict[str, object]:
    """What makes subprocess run something as another user, when this is root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


def _wait(process: subprocess.Popen[bytes], home: Path, folder: Path) -> None:
    ready = [home / "pg_isready", "--quiet", f"--host={folder}"]
    for _ in range(300):
        if subprocess.run(ready).returncode == 0:
            return
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError(f"no server: {(folder / 'log').read_text()}")
