"""Walls around a stranger's code: bubblewrap outside, a room for each inside.

The fork server itself runs in one bubblewrap: no network, own process table, a system
that cannot be written, nothing of the user's but Python and this package. Each child
then steps into namespaces of its own (`enter`), so that it sees neither its siblings
nor the fork server: own processes, own empty home and /tmp in memory, own loopback,
limits, no capability.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bmkit.course.kernels import environment, seccomp
from bmkit.course.kernels.process import die_with_parent
from bmkit.course.kernels.words import say
from bmkit.errors import BmkitError
from bmkit.lab import course_files

if sys.platform != "win32":  # there this module only says why it cannot serve
    import resource

HOME = "/learner"
TEMPORARY = "/tmp"
BELOW = "BMKIT_SHOWN"  # what the sandbox shows below /tmp, for instance a checkout
PROC = "/hostproc"  # a whole /proc must be in sight for a new one to be mounted
UID = 1000
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"),
    *("/etc/fonts", "/etc/ssl/certs", "/var/cache/fontconfig"),
)
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = (
    CLONE_NEWNS
    | CLONE_NEWUTS
    | CLONE_NEWIPC
    | CLONE_NEWUSER
    | CLONE_NEWPID
    | CLONE_NEWNET
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC = 4096, 16384
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, CAPABILITIES = 38, 24, 41
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


class NoSandbox(BmkitError):
    """This machine has none; the message says why and what to do."""


def missing() -> str:
    """Why there is no sandbox here, in one line; empty when there is one."""
    if sys.platform != "linux":
        return say("sandbox.linux", platform=sys.platform)
    if shutil.which("bwrap") is None:
        return say("sandbox.absent")
    if refusal := _refusal():
        return say("sandbox.refused", why=refusal)
    return ""


@cache
def _refusal() -> str:
    """What bubblewrap says where it cannot make a room; empty where it can."""
    words = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1][:200] if done.returncode else ""


def command(python: list[str], *, share: Sequence[Path] = ()) -> list[str]:
    """bubblewrap's command line around ``python``.

    Args:
        python: the command to run inside.
        share: files and folders to show inside, read-only, at their own paths.

    Raises:
        NoSandbox: there is none on this machine.
    """
    reason = missing()
    if reason:
        raise NoSandbox(reason)
    shown = [Path(name) for name in SYSTEM]
    # Python and this package: never the folder around it, with its answers.
    shown += [Path(sys.base_prefix), Path(sys.prefix), environment.PACKAGE, *share]
    words = ["bwrap", "--unshare-user", "--unshare-net", "--unshare-ipc"]
    words += ["--unshare-uts", "--unshare-pid", "--unshare-cgroup-try"]
    words += ["--new-session", "--uid", str(UID), "--gid", str(UID)]
    words += ["--hostname", "bmkit", "--cap-drop", "ALL"]
    words += ["--tmpfs", TEMPORARY, "--dir", HOME]
    below = [path for path in shown if path.is_relative_to(TEMPORARY)]
    words += ["--setenv", BELOW, os.pathsep.join(map(str, below))]
    for path in shown:
        if path.exists():
            words += ["--ro-bind", str(path), str(path)]
    for path in _with_answers():
        words += ["--tmpfs", str(path), "--remount-ro", str(path)]
    words += ["--bind", "/proc", PROC, "--proc", "/proc", "--dev", "/dev"]
    # What lies between the mounts is one file system for all rooms: a module that one
    # writes beside this package would be imported in the next.
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return [*words, "--chdir", HOME, "--", *python]


def _with_answers() -> set[Path]:
    """The courses that lie in packages of ours, wherever Python would find one."""
    packages = [environment.PACKAGE, *(Path(place, "bmkit") for place in sys.path)]
    courses = (package.resolve() / course_files.INSIDE.name for package in packages)
    return {course for course in courses if course.is_dir()}


def variables() -> dict[str, str]:
    """The environment inside: nothing of the user's."""
    return {
        **environment.variables(threads=1),
        **environment.paths({"PATH": "/usr/bin:/bin"}),
        "HOME": HOME,
        "USER": "learner",
        "LOGNAME": "learner",
        "LANG": "C.UTF-8",
        "TMPDIR": TEMPORARY,
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLCONFIGDIR": f"{TEMPORARY}/matplotlib",
        "IPYTHONDIR": f"{TEMPORARY}/ipython",
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def enter(limits: dict[str, Any], *, born: Callable[[int], Any]) -> None:
    """Move this process into a room of its own; returns only inside it.

    The process that calls stays outside and waits: a process table is entered by a
    child alone.

    Args:
        limits: `Limits.plain`, and ``walls``: False where a person took the risk of
            running it without a sandbox; the limits hold all the same.
        born: told the inner process's id as the fork server sees it.

    Raises:
        OSError: the kernel refuses; nothing of a stranger's may run then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if limits["walls"]:
        _call(libc.unshare(NAMESPACES), "unshare")
        _map_user()
    outside, inside = os.pipe()
    pid = os.fork()
    if pid:
        os.close(outside)
        born(pid)
        os.write(inside, b".")
        os.close(inside)
        _, status = os.waitpid(pid, 0)
        os._exit(max(0, os.waitstatus_to_exitcode(status)) or bool(status))
    os.close(inside)
    os.read(outside, 1)
    os.close(outside)
    _follow_parent(libc)
    if limits["walls"]:
        _furnish(libc, limits["disk"])
        _loopback_up()
        _no_capabilities(libc)
    _bound(limits)


def _follow_parent(libc: ctypes.CDLL) -> None:
    # The parent is outside our process table, where its number is 0.
    if os.getppid():
        die_with_parent(os.getppid())
    else:
        _call(libc.prctl(1, 9, 0, 0, 0), "prctl")


def _map_user() -> None:
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{UID} {UID} 1"),
        ("gid_map", f"{UID} {UID} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _furnish(libc: ctypes.CDLL, disk: int) -> None:
    """A process table of its own, an empty home and /tmp; the outer ones hidden."""
    safe = MS_NOSUID | MS_NODEV
    proc = libc.mount(b"proc", b"/proc", b"proc", safe | MS_NOEXEC, None)
    _call(proc, "mount /proc")
    # In a namespace of its own it would have every power again.
    with open("/proc/sys/user/max_user_namespaces", "w", encoding="ascii") as file:
        file.write("0")
    # The kernel's settings are the real root's to write, who may be our user.
    flags = MS_REMOUNT | MS_RDONLY | safe | MS_NOEXEC
    _call(libc.mount(b"proc", b"/proc", b"proc", flags, None), "remount /proc")
    tiny = libc.mount(b"tmpfs", PROC.encode(), b"tmpfs", MS_RDONLY, b"size=4k")
    _call(tiny, f"mount {PROC}")
    shown = [name for name in os.environ.get(BELOW, "").split(os.pathsep) if name]
    held = {name: os.open(name, os.O_PATH) for name in shown}
    size = f"size={disk}m,nr_inodes=20k,mode=0700".encode()
    # One file system for all three, so that together they stay below the limit.
    _call(libc.mount(b"tmpfs", HOME.encode(), b"tmpfs", safe, size), f"mount {HOME}")
    for place in (TEMPORARY, "/dev/shm", HOME):
        part = f"{HOME}/{place.replace('/', '_')}"
        os.mkdir(part, 0o700)
        _bind(libc, os.open(part, os.O_PATH), place)
    # Terminals too: one that a neighbour opens is not for us to see.
    options = b"newinstance,ptmxmode=0666,mode=0620"
    quiet = MS_NOSUID | MS_NOEXEC
    ptys = libc.mount(b"devpts", b"/dev/pts", b"devpts", quiet, options)
    _call(ptys, "mount /dev/pts")
    for name, number in held.items():  # the new /tmp hides them: show them again
        os.makedirs(name, exist_ok=True)
        _bind(libc, number, name)
    os.chdir(HOME)


def _bind(libc: ctypes.CDLL, file: int, place: str) -> None:
    """Show an open folder at another place too."""
    source = f"/proc/self/fd/{file}".encode()
    done = libc.mount(source, place.encode(), None, MS_BIND | MS_REC, None)
    _call(done, f"mount {place}")
    os.close(file)


def _loopback_up() -> None:
    """Its own 127.0.0.1, which nobody else hears."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        name = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(probe, SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def _no_capabilities(libc: ctypes.CDLL) -> None:
    """Give up the powers that a new user namespace brings, for good."""
    _call(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    for number in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # version 3, this process
    _call(libc.capset(header, bytes(24)), "capset")
    _call(seccomp.deny(libc), "seccomp")


def bound_memory(mebibytes: int) -> None:
    """Let this process map so much more than it has, and no more."""
    with open("/proc/self/statm", "rb") as file:
        mapped = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    most = mapped + mebibytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _bound(limits: dict[str, Any]) -> None:
    bound_memory(limits["memory"])
    for what, most in (
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["file_size"] * 2**20),
        (resource.RLIMIT_CPU, int(limits["total_seconds"]) + 5),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _call(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
