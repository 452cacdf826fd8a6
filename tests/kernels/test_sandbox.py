"""Every wall and every limit around a stranger's code, tried from within."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from bmkit.course.grade.assembly import NUMBER
from bmkit.course.grade.judge import judge, messages, processes
from bmkit.course.grade.judge.judge import LEARNER, Job
from bmkit.course.kernels import memory_group, sandbox, usage
from bmkit.course.kernels.forkserver_client import ForkServer, ForkServerError
from bmkit.course.kernels.limits import BadLimits, Limits
from bmkit.course.source.catalog import Course
from tests import ROOT

# Where this checkout or its Python lies below /tmp, the sandbox shows the way there.
SHOWN = (ROOT, Path(sys.prefix), Path(sys.base_prefix))
WAY = sorted({path.parts[2] for path in SHOWN if path.parts[1] == "tmp"})

pytestmark = pytest.mark.integration
walls = pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing())
SECRET = "a variable of the user's"


class Room:
    """A process of a stranger's; cells of code go in, what came of them out."""

    def __init__(self, warm: ForkServer, limits: Limits) -> None:
        self.channel, theirs = socket.socketpair()
        bridge, other = socket.socketpair()
        self.channel.settimeout(60)
        self.process = warm.fork(
            f"{LEARNER}:main",
            {"home": sandbox.HOME, "output": limits.output},
            [theirs.fileno(), other.fileno()],
            limits.plain(),
        )
        self.sockets = [self.channel, bridge]
        theirs.close()
        other.close()

    def send(self, source: str) -> None:
        messages.send(self.channel, {"cell": source})

    def run(self, source: str) -> str:
        """What a cell printed, or its error's name and words."""
        self.send(source)
        answer = messages.receive(self.channel)
        if answer["failed"]:
            return f"{answer['failed']}: {answer['says']}"
        return "".join(output.get("text", "") for output in answer["outputs"])

    def end(self) -> None:
        self.process.kill()
        self.process.wait(20)
        for one in self.sockets:
            one.close()


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    os.environ["BMKIT_TEST_SECRET"] = SECRET
    try:
        with ForkServer(judge.PRELOAD, jailed=True) as server:
            server.wait_ready()
            yield server
    finally:
        del os.environ["BMKIT_TEST_SECRET"]


@pytest.fixture
def enter(warm):
    """Makes rooms with these limits; all are ended afterwards."""
    with contextlib.ExitStack() as rooms:

        def make(**given) -> Room:
            room = Room(warm, Limits(**given))
            rooms.callback(room.end)
            return room

        yield make


def ends(room: Room) -> str:
    """For the sake of which limit it was ended."""
    room.process.wait(30)
    assert room.process.code not in (None, 0)
    return room.process.limit


# Limits


@walls
def test_memory_of_one_process(enter):
    room = enter(memory=200)
    assert room.run("x = bytearray(100 * 2**20)\nprint(len(x))") == "104857600\n"
    assert room.run("y = bytearray(200 * 2**20)").startswith("MemoryError")
    assert room.run("print('alive')") == "alive\n"


@walls
def test_memory_of_all_its_processes_together(enter):
    room = enter(memory=200)
    room.send(
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        x = bytearray(b'x') * (100 * 2**20)\n"
        "        time.sleep(60)\n"
        "time.sleep(60)"
    )
    assert ends(room) == "memory" and room.process.most == 200


HELD = {
    "shared pages that were let go": """
import mmap, os, time
for _ in range(6):
    if os.fork() == 0:
        pages = mmap.mmap(-1, 160 * 2**20)
        for start in range(0, len(pages), 2**23):
            pages[start : start + 2**23] = b"x" * 2**23
            pages.madvise(mmap.MADV_DONTNEED, start, 2**23)
        time.sleep(60)
""",
    "what waits in sockets": """
import os, socket, time
for _ in range(30):
    if os.fork() == 0:
        pairs = []
        while True:
            try:
                pairs.append(socket.socketpair())
            except OSError:
                time.sleep(60)
            pairs[-1][0].setblocking(False)
            try:
                while pairs[-1][0].send(b"x" * 2**20): ...
            except BlockingIOError: ...
""",
    "what waits in pipes": """
import fcntl, os, time
for _ in range(8):
    if os.fork() == 0:
        while True:
            try:
                _, end = os.pipe()
                fcntl.fcntl(end, 1031, 2**20)
            except OSError:
                time.sleep(60)
            os.set_blocking(end, False)
            try:
                while os.write(end, b"x" * 2**20): ...
            except BlockingIOError: ...
""",
}


@walls
@pytest.mark.skipif(memory_group.nowhere(), reason="no memory cgroup can be made here")
@pytest.mark.parametrize("way", HELD.values(), ids=HELD)
def test_memory_that_counts_for_no_process(enter, way):
    room = enter(memory=200, disk=16)
    before, _ = usage.available()
    room.send(f"{way}\ntime.sleep(20)")
    least, until = before, time.monotonic() + 8
    while room.process.code is None and time.monotonic() < until:
        least = min(least, usage.available()[0])
        time.sleep(0.05)
    assert before - least < 800 * 1024, f"{(before - least) // 1024} MiB were taken"
    if room.process.code is not None:
        assert room.process.limit == "memory"


@walls
def test_processes(enter):
    room = enter(processes=8)
    room.send(
        "import os, time\n"
        "for _ in range(30):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "time.sleep(60)"
    )
    # The kernel refuses the fork, or the fork server counts and ends it.
    room.process.wait(5)
    if room.process.code is None:
        assert "BlockingIOError" in messages.receive(room.channel)["failed"]
    else:
        assert (room.process.limit, room.process.most) == ("processes", 8)


@walls
def test_threads_count_too(enter):
    room = enter(processes=8)
    room.send(
        "import threading, time\n"
        "for n in range(30):\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "time.sleep(3)"
    )
    room.process.wait(5)
    if room.process.code is None:
        assert "RuntimeError" in messages.receive(room.channel)["failed"]
    else:
        assert (room.process.limit, room.process.most) == ("processes", 8)


@walls
def test_a_process_that_leaves_its_family_is_ended_with_it(enter, warm):
    room = enter()
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(600)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print('left')"
    )
    assert room.run(code) == "left\n"
    before = family(warm.process.pid)
    room.end()
    assert until(lambda: len(family(warm.process.pid)) <= before_room(before))


def before_room(count: list[int]) -> int:
    """A room is the one who waits, the learner's process, and the one it left."""
    return len(count) - 3


def family(pid: int) -> list[int]:
    """Living processes below one, itself included."""
    return usage.descendants(pid, usage.trees())


def until(holds, seconds: float = 20) -> bool:
    """Whether something comes to hold before long."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@walls
def test_open_files(enter):
    room = enter(open_files=40)
    said = room.run("files = [open('/dev/null') for _ in range(60)]")
    assert "Too many open files" in said
    raised = "import resource as r\nr.setrlimit(r.RLIMIT_NOFILE, (99, 99))"
    assert "exceeds maximum" in room.run(raised) or "not allowed" in room.run(raised)


@walls
def test_file_size(enter):
    room = enter(file_size=1)
    said = room.run("with open('big', 'wb') as f: f.write(bytes(2 * 2**20))")
    assert "File too large" in said
    room = enter(file_size=1)
    assert room.run("print(open('fits', 'wb').write(bytes(2**20 - 9)))") == "1048567\n"


@walls
@pytest.mark.parametrize("place", [sandbox.HOME, "/tmp", "/dev/shm"])
def test_disk(enter, place):
    room = enter(disk=4)
    said = room.run(f"with open('{place}/x', 'wb') as f: f.write(bytes(9 * 2**20))")
    assert "No space left" in said


@walls
def test_the_disk_limit_is_one_for_all_places(enter):
    said = enter(disk=4).run(
        f"for place in ('/tmp', '/dev/shm', {sandbox.HOME!r}):\n"
        "    with open(f'{place}/x', 'wb') as f: f.write(bytes(3 * 2**20))"
    )
    assert "No space left" in said


@walls
def test_many_small_files_end_too(enter):
    said = enter().run("for n in range(30_000): open(f'f{n}', 'w').close()")
    assert "No space left" in said


@walls
def test_output(enter):
    room = enter(output=1)
    said = room.run("for _ in range(3000): print('x' * 1023)")
    assert len(said) < 1.1 * 2**20
    assert said.endswith("the rest is left out\n")
    assert room.run("print('more')") == ""


@walls
def test_no_limit_can_be_raised(enter):
    said = enter().run(
        "import resource as r\n"
        "for what in (r.RLIMIT_AS, r.RLIMIT_FSIZE, r.RLIMIT_NPROC, r.RLIMIT_CPU):\n"
        "    try:\n"
        "        r.setrlimit(what, (r.RLIM_INFINITY, r.RLIM_INFINITY))\n"
        "    except (ValueError, OSError): continue\n"
        "    print('raised', what)"
    )
    assert said == ""


# Walls


@walls
def test_no_network(enter):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        room = enter()
        for address in (("127.0.0.1", port), ("192.0.2.1", 80), ("::1", port)):
            said = room.run(
                f"import socket\nsocket.create_connection({address!r}, timeout=5)"
            )
            assert said.startswith(("ConnectionRefused", "OSError")), (address, said)
    assert "gaierror" in room.run("socket.getaddrinfo('example.com', 80)")


@walls
def test_its_own_loopback_works(enter):
    said = enter().run(
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "one = socket.create_connection(server.getsockname())\n"
        "one.sendall(b'hello')\n"
        "print(server.accept()[0].recv(9).decode())"
    )
    assert said == "hello\n"


@walls
def test_sockets_of_the_machine_are_not_reached(enter, tmp_path):
    with (
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        named.bind(str(tmp_path / "socket"))
        abstract.bind("\0bmkit-test-of-walls")
        named.listen()
        abstract.listen()
        room = enter()
        for address in (str(tmp_path / "socket"), "\0bmkit-test-of-walls"):
            said = room.run(
                f"import socket\nsocket.socket(socket.AF_UNIX).connect({address!r})"
            )
            assert said.startswith(("FileNotFound", "ConnectionRefused")), said


@walls
@pytest.mark.parametrize(
    "folder",
    [
        *("/", "/etc", "/usr", "/usr/lib", "/bin", "/home", "/dev", sandbox.PROC),
        *("/proc", "/proc/sys/kernel", sys.prefix, sys.base_prefix),
        str(ROOT / "bmkit"),
        str(ROOT),
    ],
)
def test_the_system_cannot_be_written(enter, folder):
    said = enter().run(f"open({folder + '/planted.py'!r}, 'w').write('x')")
    errors = ("OSError", "PermissionError", "FileNotFoundError")
    # Below /tmp the way to what is shown is the room's own, gone with it.
    own = folder == str(ROOT) and WAY
    assert own or said.startswith(errors), said
    assert not Path(folder, "planted.py").exists()


@walls
def test_nothing_of_the_users_is_in_sight(enter, tmp_path):
    (tmp_path / "grades.db").write_text("100", encoding="utf-8")
    room = enter()
    hidden = [
        *(tmp_path / "grades.db", ROOT / "solutions", ROOT / "tests", ROOT / ".git"),
        *(ROOT / "pyproject.toml", Path.home() / ".ssh", Path.home() / ".config"),
        *(Path("/etc/passwd"), Path("/etc/shadow"), Path("/var/lib"), Path("/opt")),
        *(Path("/run"), Path("/sys"), Path("/mnt"), Path("/boot")),
    ]
    said = room.run(
        f"import os\nfor path in {[str(path) for path in hidden]}:\n"
        "    if os.path.exists(path): print(path)"
    )
    assert said == ""
    said = room.run("print(os.listdir(os.path.expanduser('~')), os.listdir('/tmp'))")
    assert said == f"[] {WAY}\n"
    said = room.run(
        "print(os.environ.get('BMKIT_TEST_SECRET'), os.environ['HOME'])\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    print('SECRET' in open(f'/proc/{pid}/environ').read())"
    )
    assert said == f"None {sandbox.HOME}\nFalse\n"


@walls
def test_its_own_processes_alone_are_in_sight(enter):
    room = enter()
    said = room.run(
        "import os\n"
        "print([n for n in os.listdir('/proc') if n.isdigit()], os.getpid(),"
        f" os.getppid(), os.listdir({sandbox.PROC!r}))"
    )
    assert said == "['1'] 1 0 []\n"
    said = room.run(f"import os\nos.kill({os.getpid()}, 15)")
    assert said.startswith(("ProcessLookupError", "PermissionError")), said


@walls
def test_open_files_are_its_own_alone(enter):
    others = [enter() for _ in range(3)]
    said = enter().run(
        "import os, socket, stat\n"
        "kinds = []\n"
        "for n in os.listdir('/proc/self/fd'):\n"
        "    try: mode = os.fstat(int(n)).st_mode\n"
        "    except OSError: continue\n"
        "    if stat.S_ISSOCK(mode): kinds.append('socket')\n"
        "    elif os.readlink(f'/proc/self/fd/{n}') != '/dev/null':\n"
        "        kinds.append(os.readlink(f'/proc/self/fd/{n}'))\n"
        "print(sorted(kinds))"
    )
    assert said == "['socket', 'socket']\n", "more than the judge and the examiner"
    assert len(others) == 3


@walls
def test_rooms_do_not_see_each_other(enter):
    one, other = enter(), enter()
    places = [f"{place}/mine" for place in (sandbox.HOME, "/tmp", "/dev/shm")]
    hide = f"for p in {places}: open(p, 'w').write('answer')"
    assert one.run(hide) == ""
    one.run(
        "import socket, subprocess\n"
        "server = socket.create_server(('127.0.0.1', 7777))\n"
        "hidden = socket.socket(socket.AF_UNIX)\n"
        "hidden.bind('\\0room')\nhidden.listen()\n"
        "child = subprocess.Popen(['sleep', '60'])"
    )
    said = other.run(
        f"import os\nprint([p for p in {places} if os.path.exists(p)],"
        " len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )
    assert said == "[] 1\n"
    for code in (
        "import socket\nsocket.create_connection(('127.0.0.1', 7777), timeout=5)",
        "socket.socket(socket.AF_UNIX).connect('\\0room')",
    ):
        assert other.run(code).startswith("ConnectionRefused")
    later = enter()
    said = later.run("import os\nprint(os.listdir('/tmp'), os.listdir())")
    assert said == f"{WAY} []\n"


@walls
def test_it_has_no_capability_and_gets_none(enter):
    said = enter().run(
        "for line in open('/proc/self/status'):\n"
        "    if line.startswith(('Cap', 'NoNewPrivs', 'Uid')): print(line.strip())"
    )
    found = dict(line.split(":\t") for line in said.splitlines())
    assert found["NoNewPrivs"] == "1"
    assert found["Uid"].split() == [str(sandbox.UID)] * 4
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
        assert int(found[kind], 16) == 0, kind


@walls
@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("a mount", "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)"),
        ("an unmount", "libc.umount2(b'/tmp', 2)"),
        ("a new root", "libc.chroot(b'/tmp')"),
        ("a name", "libc.sethostname(b'x', 1)"),
        ("a device", "libc.mknod(b'/tmp' + b'/d', 0o20666, 0x101)"),
        ("a user", "libc.setuid(0)"),
        ("a user's group", "libc.setgid(0)"),
        ("a new network", "libc.unshare(0x40000000)"),
        ("new mounts", "libc.unshare(0x00020000)"),
        ("a time", "libc.settimeofday(ctypes.byref((ctypes.c_long * 2)(1, 1)), None)"),
        ("another's namespace", "libc.setns(os.open('/proc/1/ns/user', 0), 0)"),
    ],
    ids=lambda value: value if " " in value and "(" not in value else "",
)
def test_the_kernel_refuses(enter, what, code):
    said = enter().run(
        f"import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nprint({code})"
    )
    assert said == "-1\n", f"{what} was granted"


@walls
def test_no_user_namespace_of_its_own_with_files_beyond_the_limit(enter):
    """In one it would have every power again, and memory that nobody counts."""
    said = enter().run(
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "got = libc.unshare(0x10000000 | 0x00020000)\n"
        "if got == 0: got = libc.mount(b'x', b'/tmp', b'tmpfs', 0, b'size=1g')\n"
        "print(got)"
    )
    assert said == "-1\n", "it mounted a file system of its own"


# The fork server


def is_fork_server(pid: int) -> bool:
    """Whether it is the process that forks, not the walls around it."""
    name, words = (Path(f"/proc/{pid}/{part}") for part in ("comm", "cmdline"))
    return name.read_text() != "bwrap\n" and b"forkserver" in words.read_bytes()


@walls
def test_an_ended_fork_server_takes_its_rooms_along():
    with ForkServer((f"{LEARNER}:prepare",), jailed=True) as server:
        room = Room(server, Limits())
        assert room.run("print(1)") == "1\n"
        members = family(server.process.pid)
        forking = next(pid for pid in members if is_fork_server(pid))
        rooms = family(forking)
        assert len(rooms) >= 3
        os.kill(forking, signal.SIGKILL)
        assert room.process.wait(20) is not None
        assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in rooms))
        assert server.closed
        with pytest.raises(ForkServerError):
            server.fork(f"{LEARNER}:main")
        room.end()


@walls
def test_a_room_cannot_end_the_fork_server(enter, warm):
    room = enter()
    room.send(
        "import os, signal\n"
        "for pid in (1, 2, os.getppid(), -1):\n"
        "    try: os.kill(pid, signal.SIGKILL)\n"
        "    except ProcessLookupError: pass\n"
        "os._exit(3)"
    )
    assert room.process.wait(20) is not None
    assert enter().run("print('next')") == "next\n"


def test_what_is_missing_is_said_in_one_line_with_what_to_do(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "apt install bubblewrap" in sandbox.missing()
    assert "\n" not in sandbox.missing()
    with pytest.raises(sandbox.NoSandbox, match="bubblewrap"):
        sandbox.command(["python"])
    with pytest.raises(sandbox.NoSandbox, match="bubblewrap"):
        ForkServer((), jailed=True)
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert sandbox.missing() == "the sandbox needs Linux; this is darwin"


def test_a_sandbox_that_does_not_start_is_said_with_its_own_words(
    monkeypatch, tmp_path
):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions' >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    sandbox._refusal.cache_clear()
    try:
        assert "does not start here (bwrap: No permissions)" in sandbox.missing()
        assert "\n" not in sandbox.missing()
    finally:
        sandbox._refusal.cache_clear()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("memmory = 3", "has 'memmory'; there are cell_seconds, disk"),
        ("memory = 0", "memory = 0: a positive number"),
        ("disk = -1", "disk = -1"),
        ("disk = true", "disk = True"),
        ("processes = '8'", "processes = '8'"),
    ],
)
def test_a_limit_that_is_none_is_named_with_its_file(tmp_path, line, says):
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[tool.bmkit.limits]\n{line}\n", encoding="utf-8")
    with pytest.raises(BadLimits) as caught:
        Course(tmp_path).limits()
    assert says in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_courses_limits_are_taken_and_flags_come_first(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.bmkit.limits]\nmemory = 77\ncell_seconds = 1.5\n")
    found = Course(tmp_path).limits()
    assert (found.memory, found.cell_seconds, found.disk) == (77, 1.5, Limits().disk)
    assert found.with_flags(memory=9, disk=None) == Limits(memory=9, cell_seconds=1.5)
    file.unlink()
    assert Course(tmp_path).limits() == Limits()


def notebook(*cells: str) -> Job:
    """A submission of code cells without any check."""
    import json

    made = [
        {"cell_type": "code", "source": cell, "metadata": {"bmkit": {NUMBER: number}}}
        for number, cell in enumerate(cells, 1)
    ]
    return Job("", "", "en", json.dumps({"cells": made}), (), ())


@walls
def test_an_honest_notebook_calls_nobody(warm):
    cells = [
        "import torch, math, numpy as np, bmkit as bm\nassert True",
        "try:\n    assert 1 == 2\nexcept AssertionError: pass",
        "1 / 0",
        "def (",
        "torch.set_default_dtype(torch.float64)\ntorch.manual_seed(3)",
        "np.seterr(all='ignore'); np.set_printoptions(precision=2)",
        "from IPython.display import display\ndisplay('x')",
        "%precision 3\n%xmode Minimal",
        "import warnings, logging\nwarnings.simplefilter('error')",
        "raise SystemExit",
    ]
    verdict = judge.judge(notebook(*cells), warm, Limits())
    assert verdict.person == []


@walls
@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("while True: pass", ""),
        ("import time\ntime.sleep(600)", ""),
        (
            "while True:\n    try:\n        while True: pass\n"
            "    except KeyboardInterrupt: pass",
            "",
        ),
        ("import signal\nsignal.signal(2, signal.SIG_IGN)\nwhile True: pass", "stop"),
        ("import os\nos._exit(0)", "ended itself"),
        ("import os\nos.abort()", "ended"),
        ("import sys\nsys.setrecursionlimit(10**9)\nf = lambda: f()\nf()", "cell 1"),
    ],
    ids=["loops", "sleeps", "catches", "ignores", "leaves", "aborts", "overflows"],
)
def test_a_cell_over_its_time_or_gone_ends_in_a_verdict(warm, monkeypatch, cell, says):
    monkeypatch.setattr(processes, "GRACE", 0.3)
    job = notebook(cell, "print('after')")
    verdict = judge.judge(job, warm, Limits(cell_seconds=0.5))
    if says:
        assert len(verdict.person) == 1
        assert says in verdict.person[0]
    else:  # interrupted as a person would, and the next cell runs
        assert verdict.person == []
        assert "after" in verdict.notebook
