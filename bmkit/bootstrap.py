"""Makes ``python3 -m bmkit ...`` work as the first command ever typed.

An interpreter that has what pyproject.toml asks for is used as it is. Any other hands
over to ``.venv`` beside pyproject.toml, which is made, or repaired, first. Standard
library alone, and Python 3.7 must be able to read this file: the wrong Python gets
one clear line, not a SyntaxError.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = "tensorflow,cluster,postgresql,dev"
OLDEST, NEWEST = (3, 11), (3, 13)

# What pip or venv print, in small letters -> what it means and what to do.
_CAUSES = [
    (
        ("no space left on device", "errno 28", "not enough space on the disk"),
        "the disk is full; the set-up needs about 4 GB. Free some space and try again",
    ),
    (
        ("permission denied", "errno 13", "read-only file system", "winerror 5]"),
        "cannot write here; move the project to a folder that you own",
    ),
    (
        (
            "newconnectionerror",
            "failed to establish a new connection",
            "name resolution",
            "getaddrinfo failed",
            "nodename nor servname",
            "network is unreachable",
            "connection refused",
            "connecttimeout",
            "read timed out",
            "max retries exceeded",
            "connection broken",
            "connection reset",
            "proxyerror",
            "certificate_verify_failed",
        ),
        "no network: pip could not reach its package index. Connect and try again; "
        "what is already downloaded is kept",
    ),
    (
        ("no matching distribution", "resolutionimpossible", "conflicting depend"),
        "pip finds no set of packages that fits this machine and Python",
    ),
]


class SetupFailed(Exception):
    """The set-up cannot go on; the message is one line and says what to do."""


def main(argv: list[str] | None = None) -> int:
    """Run one `bmkit` command, set up first where needed; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        python = prepare(words)
    except SetupFailed as error:
        print(f"bmkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nbmkit: set-up stopped; the next try goes on from here", file=sys.stderr
        )
        return 130
    if python is not None:
        return hand_over(python, words)
    from bmkit.course.cli.main import main as command

    return command(words)


def prepare(words: list[str]) -> Path | None:
    """Find or make the environment; None means that this interpreter is the one.

    Raises SetupFailed with one line for the user.
    """
    installed = not (ROOT / "pyproject.toml").exists()  # from a wheel: pip saw to it
    asks = not words or words[0].startswith("-")  # --help, --version: nothing needed
    if installed or (asks and _suits(sys.version_info[:2])) or satisfied(words):
        return None
    inside = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    python = venv_python()
    if not inside:
        if python.exists() and _stamp_file().exists() and _read_stamp() == stamp():
            return python
        if sys.prefix != sys.base_prefix or os.environ.get("CONDA_PREFIX"):
            print("bmkit: the active environment lacks packages; using .venv instead")
    try:
        make(inside)
    except OSError as error:
        raise SetupFailed(_explain_os_error(error)) from error
    return None if inside else python


def satisfied(words: list[str]) -> bool:
    """Tell whether this interpreter has what the command needs.

    Needed are the core dependencies in pyproject.toml and, for ``test``, the extras
    ``dev`` and ``cluster``. TensorFlow is not: lessons that use it are skipped.
    """
    if not _suits(sys.version_info[:2]) or not importlib.util.find_spec("packaging"):
        return False
    import tomllib  # Python 3.11

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = list(project["dependencies"])
    if next((word for word in words if not word.startswith("-")), None) == "test":
        extras = project["optional-dependencies"]
        needed += extras["dev"] + extras["cluster"]
    return all(_present(line) for line in needed)


def _present(line: str, extra: str = "") -> bool:
    """Tell whether one requirement holds here, its own extras included."""
    from importlib import metadata

    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
        return True
    try:
        found = metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(found.version, prereleases=True):
        return False
    return all(
        _present(below, wanted)
        for wanted in requirement.extras
        for below in found.requires or []
        if "extra" in below.partition(";")[2]
    )


def make(inside: bool) -> None:
    """Make or repair ``.venv`` and install into it; the stamp is written last.

    `inside`: this interpreter is the environment's own, so it cannot be remade.
    """
    folder = ROOT / ".venv"
    if not inside and not (_healthy() and _in_place()):
        _check_python()
        print("bmkit: making .venv (the first time takes some minutes)", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            full = shutil.disk_usage(str(ROOT)).free < 100e6  # venv does not say so
            raise SetupFailed(
                _CAUSES[0][1] if full else _explain(done.stdout) or _no_venv()
            )
    (folder / ".gitignore").write_text("*\n")
    _install(folder / "install.log")
    _stamp_file().write_text(stamp())


def _install(log: Path) -> None:
    started = time.monotonic()
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_USER="0")
    process = subprocess.Popen(
        pip_command(),
        cwd=str(ROOT),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        _follow(process, log, started)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.wait():
        why = _explain(log.read_text("utf-8")) or "pip failed"
        raise SetupFailed(f"{why} (details in {log})")
    print(f"bmkit: ready after {time.monotonic() - started:.0f} s", flush=True)


def _follow(process: subprocess.Popen[str], log: Path, started: float) -> None:
    """Write pip's output to the log and show one line that moves."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    live = sys.stdout.isatty()
    count, doing, shown = 0, "starting pip", started
    with open(str(log), "w", encoding="utf-8") as out:
        while True:
            try:  # wakes each second, so that the clock goes on while pip is silent
                line = lines.get(timeout=1)
            except queue.Empty:
                line = ""
            if line is None:
                break
            out.write(line)
            if line.startswith("Collecting "):
                count += 1
                name = re.split(r"[^\w.-]", line.split()[1])[0]
                doing = f"package {count}, {name}"
            elif line.startswith("Installing collected packages"):
                doing = f"installing {len(line.split(','))} packages"
            now = time.monotonic()
            if live or now - shown > 20:
                shown = now
                text = f"bmkit: {doing}, {now - started:.0f} s"
                print(f"\r{text[:78]:78}" if live else text, end="" if live else "\n")
                sys.stdout.flush()
    if live:
        print("\r" + " " * 78, end="\r")


def pip_command() -> list[str]:
    """Give pip's command line. The user's own pip settings stay in force."""
    python, pins = str(venv_python()), str(ROOT / "constraints.txt")
    options = ["--progress-bar", "off", "-c", pins]
    return [python, "-m", "pip", "install", *options, "-e", f".[{EXTRAS}]"]


def hand_over(python: Path, words: list[str]) -> int:
    """Go on as `python`; comes back only on Windows, with the exit code."""
    command = [str(python), "-m", "bmkit", *words]
    sys.stdout.flush()
    os.environ.pop("__PYVENV_LAUNCHER__", None)  # macOS: names the first Python
    if os.name != "nt":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the child's to answer
    return subprocess.call(command)


def venv_python() -> Path:
    """Give the interpreter's place in ``.venv``, there or not."""
    place = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    return ROOT / ".venv" / place


def stamp() -> str:
    """Give what the environment was made from: a hash, and the folder it lies in."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt", ".venv/pyvenv.cfg"):
        file = ROOT / name
        digest.update(file.read_bytes() if file.exists() else b"-")
    return f"{digest.hexdigest()}\n{ROOT}\n"


def _stamp_file() -> Path:
    return ROOT / ".venv" / "bmkit-stamp.txt"


def _read_stamp() -> str:
    return _stamp_file().read_text("utf-8")


def _in_place() -> bool:
    """Tell whether the environment lies where it was made; scripts name the place."""
    return not _stamp_file().exists() or _read_stamp().splitlines()[1:] == [str(ROOT)]


def _healthy() -> bool:
    if not venv_python().exists():
        return False
    code = (
        f"import sys, pip\nsys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    )
    try:
        return not subprocess.call(
            [str(venv_python()), "-c", code], stderr=subprocess.DEVNULL
        )
    except OSError:  # not a program for this machine
        return False


def _suits(version: tuple[int, int]) -> bool:
    return OLDEST <= version <= NEWEST


def _check_python() -> None:
    if not _suits(sys.version_info[:2]):
        names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
        other = next((name for name in names if shutil.which(name)), None)
        hint = f"use: {other} -m bmkit" if other else "please install one of them"
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupFailed(
            f"needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}, this is {found}; {hint}"
        )
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        raise SetupFailed(_no_venv())


def _no_venv() -> str:
    return (
        "this Python cannot make environments (no venv or ensurepip module); "
        "on Debian and Ubuntu: apt install python3-venv"
    )


def _explain(output: str) -> str:
    """Say in one line why pip or venv failed; empty where the reason is not known."""
    text = output.lower()
    for signs, meaning in _CAUSES:
        if any(sign in text for sign in signs):
            return meaning
    return ""


def _explain_os_error(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _CAUSES[0][1]
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _CAUSES[1][1]
    return f"the set-up failed: {error}"
