"""How Jupyter asks for a warm kernel: papermill, nbclient, nbgrader, JupyterLab.

A kernelspec names `WarmProvisioner`; every client then gets kernels forked from one
process of its own (`forkserver`) that has imported the frameworks already. They talk
over Unix sockets which this side opens and hands over listening: no port is guessed, a
client can connect before the kernel stands, and a sandboxed kernel needs to see no
folder of ours. Where nothing can be forked the kernel is an ordinary one.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import socket
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Dict, List, Unicode

from bmkit.course.kernels import forkserver_client, pool, sandbox, sockets
from bmkit.course.kernels.limits import Limits
from bmkit.errors import BmkitError

CHANNELS = ("shell", "iopub", "stdin", "hb", "control")
# No module of bmkit's that lessons import: who edits one meets it in the next kernel.
PRELOAD = (
    *("torch", "numpy", "pandas", "matplotlib.pyplot", "ipywidgets"),
    "bmkit.course.kernels.child:preload",
)
TICK = 0.01  # seconds between looks at a process that should end or begin

_live: weakref.WeakSet[WarmProvisioner] = weakref.WeakSet()
_said: set[str] = set()


class NotInstalled(BmkitError):
    """Jupyter does not know our kernels; the message says what to do."""


class ForkedProcess:
    """A forked kernel with the face of a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, forked: forkserver_client.Forked) -> None:
        self.forked = forked
        self.pid = forked.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.forked.code if self.forked.ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end."""
        return self.forked.wait(timeout)

    def send_signal(self, number: int) -> None:
        """Send a signal; one that has ended gets none."""
        self.forked.signal(number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class WarmProvisioner(LocalProvisioner):
    """Forks a kernel where `LocalProvisioner` starts one.

    ``metadata.kernel_provisioner.config`` of a kernelspec sets the traits.
    """

    preload = List(
        Unicode(),
        default_value=list(PRELOAD),
        config=True,
        help="Modules to import once; BMKIT_PRELOAD, with commas, goes before.",
    )
    sandbox = Bool(False, config=True, help="Walls and limits, for strangers' code.")
    limits = Dict(config=True, help="With sandbox: limits other than the defaults.")

    home = ""  # the folder of this kernel's sockets
    forks = False  # whether this start is a fork
    leaving = False  # whether it was asked to end

    @property
    def modules(self) -> tuple[str, ...]:
        """What the process that is forked has imported."""
        asked = os.environ.get("BMKIT_PRELOAD", "").split(",")
        given = [name.strip() for name in asked if name.strip()]
        return tuple(given or self.preload)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Decide between fork and ordinary start; choose the sockets' places.

        Raises:
            NoSandbox: ``sandbox``, and this machine has none.
        """
        if self.sandbox and (reason := sandbox.missing()):
            raise sandbox.NoSandbox(reason)
        # One that is to outlive its client cannot be a child of a process that doesn't.
        self.forks = (
            self.parent is not None
            and forkserver_client.supported()
            and (self.sandbox or not kwargs.get("independent"))
        )
        if self.forks:
            self._choose_sockets()
        elif not forkserver_client.supported():
            self._say("kernels start cold here: forking warm ones needs Linux")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork; where the frameworks cannot be imported, start an ordinary kernel.

        Raises:
            ForkServerError: ``sandbox``, and nothing can be forked.
        """
        self.leaving = False
        if self.forks:
            try:
                await self._fork(cmd, kwargs)
            except forkserver_client.ForkServerError as error:
                if self.sandbox:
                    raise
                self._say(f"kernels start cold: {error}")
                self.forks = False
        if not self.forks:
            await super().launch_kernel(cmd, **kwargs)
        _live.add(self)
        return self.connection_info

    async def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> None:
        if "ipykernel_launcher" not in cmd:
            raise forkserver_client.ForkServerError(
                f"{cmd} starts no ipykernel_launcher"
            )
        manager = self._manager()
        sockets.note(self.home, manager.connection_file)
        request: dict[str, Any] = {
            "argv": cmd[cmd.index("ipykernel_launcher") + 1 :],
            "env": kwargs["env"],
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
            "addresses": [f"ipc://{path}" for path in self._paths()],
            "connection": None,
        }
        if self.sandbox:
            # Nothing of the user's: neither environment nor folders.
            request["env"] = dict(self.kernel_spec.env)
            request["cwd"] = sandbox.HOME
            request["connection"] = Path(manager.connection_file).read_text("utf-8")
        with contextlib.ExitStack() as stack:
            given: list[IO[bytes] | socket.socket] = [
                sockets.listening(path) for path in self._paths()
            ]
            given += [sockets.sheet(request)]
            given += [
                sockets.sink(kwargs.get(name), number, silent=self.sandbox)
                for number, name in ((1, "stdout"), (2, "stderr"))
            ]
            for file in given:
                stack.enter_context(file)
            handed = [file.fileno() for file in given]
            forked = await self._child(handed)
        self.process = ForkedProcess(forked)  # type: ignore[assignment]
        self.pid = forked.pid
        # Its process group takes our signals; inside a sandbox it has no number here.
        self.pgid = None if self.sandbox else forked.pid
        self.cwd = request["cwd"]

    async def _child(self, files: list[int]) -> forkserver_client.Forked:
        limits = Limits.of(self.limits, "WarmProvisioner.limits")
        jail = limits.plain() if self.sandbox else None
        for last in (False, True):
            source = pool.fork_server(self.modules, self.sandbox)
            while not source.ready:  # importing takes seconds; others go on meanwhile
                await asyncio.sleep(TICK)
            try:
                return source.fork("bmkit.course.kernels.child:run", {}, files, jail)
            except forkserver_client.ForkServerError:
                # It may have been ended, or have aged, just before we asked.
                if last or not source.started:
                    raise
        raise AssertionError("unreachable")

    def _choose_sockets(self) -> None:
        """Set the manager's transport to Unix sockets in a short, private folder."""
        if not self.home:
            self.home = tempfile.mkdtemp(prefix="", dir=sockets.folder())
        km = self._manager()
        km.cache_ports = False
        km.transport, km.ip = "ipc", f"{self.home}/s"
        for number, name in enumerate(CHANNELS, 1):
            setattr(km, f"{name}_port", number)

    def _manager(self) -> Any:
        """What asked for the kernel: traitlets alone give it its attributes."""
        return self.parent

    def _paths(self) -> list[str]:
        return [f"{self.home}/s-{n}" for n, _ in enumerate(CHANNELS, 1)]

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Note that it will end: `poll` then waits a little."""
        self.leaving = True

    async def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        if self.leaving:  # the manager asks ten times a second: answer sooner
            for _ in range(9):
                if self.process is None or self.process.poll() is not None:
                    break
                await asyncio.sleep(TICK)
        return await super().poll()

    async def wait(self) -> int | None:
        """Wait for its end; no longer than it takes."""
        while await self.poll() is None:
            await asyncio.sleep(TICK)
        _live.discard(self)
        return await super().wait()

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel and what it started; one that has ended gets nothing."""
        # Its number may be another's by now.
        if self.process is not None and self.process.poll() is None:
            await super().send_signal(signum)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the sockets; end a forking process that is out of date and idle."""
        _live.discard(self)
        if self.home and not restart:
            shutil.rmtree(self.home, ignore_errors=True)
            self.home = ""
        await super().cleanup(restart=restart)
        pool.retire()

    def _say(self, text: str) -> None:
        if text not in _said:
            _said.add(text)
            self.log.warning("bmkit: %s", text)


def begin(name: str) -> None:
    """Start importing what the kernelspec ``name`` forks from, and do not wait for it.

    Raises:
        NotInstalled: there is no such kernelspec, or nothing that makes its kernels.
        NoSandbox: it wants a sandbox, and this machine has none.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    try:
        spec = KernelSpecManager().get_kernel_spec(name)
        factory = KernelProvisionerFactory.instance()
        source = factory.create_provisioner_instance("", spec, parent=None)
    except (NoSuchKernel, ModuleNotFoundError):
        raise NotInstalled(
            f"Jupyter finds no kernel {name!r} that works: install bmkit again "
            "(pip install -e .)"
        ) from None
    if isinstance(source, WarmProvisioner) and forkserver_client.supported():
        pool.fork_server(source.modules, source.sandbox)


def running(cwd: Path) -> list[int]:
    """Process ids of the kernels that this process started in the folder ``cwd``."""
    return [
        provisioner.pid
        for provisioner in list(_live)
        if provisioner.pid is not None
        and not provisioner.sandbox
        and str(provisioner.cwd) == str(cwd)
    ]


def end() -> None:
    """End every kernel of ours and what they are forked from."""
    pool.close()
    for provisioner in list(_live):
        if process := provisioner.process:  # one that was started cold
            process.kill()


@atexit.register
def _leave() -> None:
    end()
    sockets.remove()
