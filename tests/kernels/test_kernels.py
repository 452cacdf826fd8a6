"""A warm kernel is a kernel as any other, only sooner; it leaves nothing behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import traitlets.log
from jupyter_client.manager import KernelManager
from jupyter_core.paths import jupyter_runtime_dir
from nbformat import v4
from traitlets.config import Config

from bmkit.course.kernels import forkserver_client, pool, provisioner, sandbox, sockets
from tests import ROOT

LIGHT = "numpy,bmkit.course.kernels.child:preload"  # a second, not five
pytestmark = pytest.mark.integration
linux = pytest.mark.skipif(
    not forkserver_client.supported(), reason="forks warm processes"
)
walls = pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "-")


class Kernel:
    """A kernel and a client that asks it things."""

    def __init__(
        self, name: str = "bmkit", config: Config | None = None, **asked
    ) -> None:
        self.manager = KernelManager(kernel_name=name, config=config)
        self.manager.start_kernel(**asked)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, timeout: float = 60) -> str:
        """What the code prints, or the name of its error."""
        said: list[str] = []

        def hear(message) -> None:
            content = message["content"]
            said.append(content.get("text") or content.get("ename") or "")

        # An error would make the kernel refuse what comes right after it.
        self.client.execute_interactive(
            code, timeout=timeout, output_hook=hear, stop_on_error=False
        )
        return "".join(said).strip()

    def begin(self, code: str) -> str:
        """Let it run code; return the request's id once the code itself is running."""
        words = f"print('begun', flush=True)\n{code}"
        message: str = self.client.execute(words, stop_on_error=False)
        while True:
            said = self.client.get_iopub_msg(timeout=60)
            if said["content"].get("text", "").strip() == "begun":
                return message

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)


@pytest.fixture(autouse=True)
def light(monkeypatch):
    monkeypatch.setenv("BMKIT_PRELOAD", LIGHT)


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    provisioner.end()


@pytest.fixture
def start():
    started: list[Kernel] = []

    def begin(*args, **asked) -> Kernel:
        started.append(Kernel(*args, **asked))
        return started[-1]

    yield begin
    for kernel in started:
        if kernel.manager.has_kernel:
            kernel.close()


def soon(true, seconds: float = 15) -> bool:
    """Whether ``true()`` comes true in this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())


def traces() -> dict[str, int]:
    """Everything that a kernel could leave lying about, counted."""
    me = psutil.Process()
    return {
        "processes": len(me.children(recursive=True)),
        "sockets": len(list(Path(sockets.folder()).rglob("*"))),
        "connection files": len(list(Path(jupyter_runtime_dir()).glob("kernel-*"))),
        "open files": me.num_fds(),
    }


@linux
def test_the_fork_has_what_was_imported_and_what_the_client_asked_for(start, tmp_path):
    asked = {**os.environ, "COLOUR": "blue", "OMP_NUM_THREADS": "1"}
    kernel = start(cwd=str(tmp_path), env=asked)
    assert isinstance(kernel.manager.provisioner.process, provisioner.ForkedProcess)
    code = "import os, sys; print('sqlite3' in sys.modules, os.getcwd(), end=' ');"
    code += "print(os.environ['COLOUR'], os.environ.get('JPY_PARENT_PID'))"
    assert kernel.run(code) == f"True {tmp_path} blue None"
    assert kernel.run("import matplotlib; print(matplotlib.get_backend())") == (
        "module://matplotlib_inline.backend_inline"
    )


@linux
def test_siblings_draw_different_numbers(start):
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    one, other = start().run(code).split(), start().run(code).split()
    assert one[0] != other[0] and one[1] != other[1]


@linux
def test_an_interrupt_ends_the_cell_alone(start):
    kernel = start()
    kernel.run("x = 1")
    message = kernel.begin("import time; time.sleep(60)")
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=20)
    assert reply["parent_header"]["msg_id"] == message
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print(x)") == "1"


@linux
def test_an_interrupt_reaches_what_the_kernel_started(start):
    kernel = start()
    kernel.client.execute("import subprocess; subprocess.run(['sleep', '60'])")
    assert soon(lambda: psutil.Process(kernel.pid).children())
    (sleeping,) = psutil.Process(kernel.pid).children()
    kernel.manager.interrupt_kernel()
    assert soon(lambda: not sleeping.is_running())


@linux
def test_a_restart_forgets_and_the_same_client_goes_on(start):
    kernel = start()
    kernel.run("x = 1")
    before = kernel.pid
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.pid != before
    assert kernel.run("print(x)") == "NameError"


@linux
def test_its_own_end_is_seen_and_another_can_be_started(start):
    kernel = start()
    kernel.client.execute("import os; os._exit(3)")
    assert soon(lambda: not kernel.manager.is_alive())
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.run("print(1)") == "1"


@linux
def test_what_was_registered_for_the_end_runs_at_the_end(start, tmp_path):
    kernel = start()
    path = tmp_path / "end"
    kernel.run(f"import atexit; atexit.register(open, {str(path)!r}, 'w')")
    kernel.close()
    assert path.exists()


@linux
def test_the_forking_process_dies_and_the_next_kernel_has_a_new_one(start):
    kernel = start()
    source = pool.fork_server(kernel.manager.provisioner.modules)
    source.process.send_signal(signal.SIGKILL)
    assert soon(lambda: not kernel.manager.is_alive())
    assert soon(lambda: not psutil.pid_exists(kernel.pid))
    assert start().run("print(1)") == "1"


@linux
def test_nothing_is_left_after_kernels_that_ended_were_killed_or_restarted(start):
    start().close()  # what is made once stays
    before = traces()
    kernel = start()
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    kernel.close()
    kernel = start()
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)
    assert soon(lambda: traces() == before), (before, traces())


CLIENT = """
import sys, time
sys.path.insert(0, {tests!r})
from tests.kernels.test_kernels import Kernel
from bmkit.course.kernels import sockets
if __name__ == "__main__":
    kernel = Kernel({kernel!r})
    print(sockets.folder(), flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@linux
@pytest.mark.parametrize("kernel", ["bmkit", "bmkit-sandbox"])
def test_a_killed_client_leaves_no_process_and_the_next_sweeps_up(kernel, start):
    if kernel == "bmkit-sandbox" and sandbox.missing():
        pytest.skip(sandbox.missing())
    code = CLIENT.format(tests=str(ROOT), kernel=kernel)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as client:
        left = Path(client.stdout.readline().strip())
        family = psutil.Process(client.pid).children(recursive=True)
        assert len(family) > 1 and list(left.rglob("s-1"))
        files = set(left.rglob("*.json"))
        connections = [path.readlink() for path in files]
        assert connections and all(path.exists() for path in connections)
        client.kill()
    assert soon(lambda: not [child for child in family if child.is_running()])
    sockets.remove()
    sockets._folder = ""  # as in a client that starts now
    start()
    assert not left.exists()
    assert not [path for path in connections if path.exists()]


@linux
def test_of_many_fork_servers_those_unused_for_long_end(monkeypatch):
    monkeypatch.setattr(pool, "MOST", 1)
    one, other = pool.fork_server(("json",)), pool.fork_server(("csv",))
    for server in (one, other):
        server.wait_ready()
    pool.retire()
    assert not one.closed and not other.closed  # both were asked for just now
    monkeypatch.setattr(pool, "LONG", -1)
    pool.fork_server(("csv",))
    assert one.closed and not other.closed
    assert pool.fork_server(("json",)) is not one


@linux
def test_changed_code_of_ours_is_not_met_in_an_older_state(start, monkeypatch):
    old = start()
    source = pool.fork_server(old.manager.provisioner.modules)
    monkeypatch.setattr(pool, "_age", lambda: 1.0)
    new = start()
    fresh = pool.fork_server(new.manager.provisioner.modules)
    assert fresh is not source and not source.closed
    old.close()
    assert source.closed and new.run("print(1)") == "1"


@pytest.fixture
def said(caplog, monkeypatch):
    """What provisioners tell their clients' log.

    An application that ran in this process before (nbgrader's, for one) has taken the
    log over, and hands nothing on to pytest's.
    """
    log = traitlets.log.get_logger()
    monkeypatch.setattr(log, "propagate", True)
    monkeypatch.setattr(provisioner, "_said", set())
    with caplog.at_level(logging.WARNING, logger=log.name):
        yield caplog


def test_without_forks_the_kernel_is_an_ordinary_one(start, monkeypatch, said):
    monkeypatch.setattr(forkserver_client, "supported", lambda: False)
    kernels = [start(), start()]
    assert [kernel.run("print(1)") for kernel in kernels] == ["1", "1"]
    assert all(
        isinstance(kernel.manager.provisioner.process, subprocess.Popen)
        for kernel in kernels
    )
    assert said.text.count("start cold here") == 1


@linux
def test_what_cannot_be_imported_makes_cold_kernels_and_says_so(
    start, monkeypatch, said
):
    monkeypatch.setenv("BMKIT_PRELOAD", "numpy,nosuchmodule")
    assert start().run("print(1)") == "1"
    assert "No module named 'nosuchmodule'" in said.text


@linux
def test_a_module_that_starts_a_thread_is_never_forked_from(monkeypatch, tmp_path):
    code = "import threading, time\n"
    code += "threading.Thread(target=time.sleep, args=[60]).start()"
    (tmp_path / "threaded.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    with pytest.raises(
        forkserver_client.ForkServerError, match="2 threads after importing threaded"
    ):
        forkserver_client.ForkServer(("threaded",)).wait_ready()


def test_windows_can_import_what_it_cannot_use():
    code = "import jupyter_client.provisioning, sys; sys.platform = 'win32';"
    code += "sys.modules['resource'] = sys.modules['fcntl'] = None;"
    code += "from bmkit.course.kernels import provisioner, sandbox;"
    code += "print(sandbox.missing())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "the sandbox needs Linux; this is win32\n", done.stderr


def test_the_environment_is_put_back_when_the_last_has_left(monkeypatch):
    from bmkit.course.kernels import environment

    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    first, second = environment.kernels(2), environment.kernels(2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["OMP_NUM_THREADS"] == "2"
    second.__exit__(None, None, None)
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_an_unknown_kernel_gets_one_line():
    with pytest.raises(provisioner.NotInstalled, match="install bmkit again"):
        provisioner.begin("no-such-kernel")


SEES = """
import os, socket, json
seen = {
    "home": os.listdir("."), "tmp": sorted(os.listdir("/tmp")),
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
    "secret": os.environ.get("SECRET"), "ours": os.path.exists(OURS),
    "mine": os.path.exists(MINE), "links": [name for _, name in socket.if_nameindex()],
}
print(json.dumps(seen))
"""


@walls
def test_a_sandboxed_kernel_sees_nothing_of_ours(start, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "swordfish")
    kernel = start("bmkit-sandbox", cwd=str(tmp_path))
    home = kernel.manager.provisioner.home
    code = SEES.replace("OURS", repr(home)).replace("MINE", repr(str(tmp_path)))
    seen = json.loads(kernel.run(code))
    # A checkout below /tmp is shown there, with the folders on the way to it.
    way = {Path(p).parts[2] for p in (ROOT, sys.prefix) if Path(p).parts[1] == "tmp"}
    assert set(seen.pop("tmp")) - way <= {"connection.json", "ipython", "matplotlib"}
    assert seen == {
        "home": [],
        "processes": 1,
        "secret": None,
        "ours": False,
        "mine": False,
        "links": ["lo"],
    }
    places = ["/", "/etc", "/dev", "/usr", sys.prefix]
    places += [] if way else [ROOT, ROOT.parent]  # there it is the room's own
    for place in places:
        assert kernel.run(f"open('{place}/here', 'w')") == "OSError", place
    kernel.run("kept = 1; open('note', 'w').write('x')")
    assert json.loads(start("bmkit-sandbox").run(code))["home"] == []


@walls
def test_a_sandboxed_kernel_is_interrupted_restarted_and_ended_as_any(start):
    kernel = start("bmkit-sandbox")
    kernel.begin("import time; time.sleep(60)")
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=20)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.run("print(2)") == "2"
    kernel.client.execute("import os; os.kill(os.getpid(), 9); os._exit(1)")
    assert soon(lambda: not kernel.manager.is_alive())


@walls
def test_a_sandboxed_kernel_gets_no_more_memory_than_it_may(start):
    few = Config({"WarmProvisioner": {"limits": {"memory": 1000}}})
    kernel = start("bmkit-sandbox", few)
    assert kernel.run("x = bytearray(2 * 10**9)") == "MemoryError"
    assert kernel.run("print(1)") == "1"


@walls
def test_a_sandboxed_kernel_leaves_nothing(start):
    start("bmkit-sandbox").close()
    before = traces()
    start("bmkit-sandbox").close()
    assert soon(lambda: traces() == before), (before, traces())


def test_no_bubblewrap_is_one_clear_line_and_no_ordinary_kernel(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(sandbox.NoSandbox, match="apt install bubblewrap"):
        Kernel("bmkit-sandbox")


def book(*cells: str):
    made = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        **{"name": "python3", "display_name": "Python 3", "language": "python"}
    }
    return made


@linux
@pytest.mark.parametrize("kernel", ["bmkit", "bmkit-sandbox"])
def test_nbclient_and_papermill_take_it_by_name(kernel, tmp_path):
    import papermill
    from nbclient import NotebookClient

    if kernel == "bmkit-sandbox" and sandbox.missing():
        pytest.skip(sandbox.missing())
    code = "import sys; print('sqlite3' in sys.modules)"
    done = NotebookClient(book(code), kernel_name=kernel).execute()
    assert done.cells[0].outputs[0].text == "True\n"
    path = tmp_path / "in.ipynb"
    notebook = book("seed = 0", "print(seed)")
    notebook.cells[0].metadata["tags"] = ["parameters"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    out = papermill.execute_notebook(
        str(path), None, {"seed": 3}, kernel_name=kernel, progress_bar=False
    )
    assert out.cells[-1].outputs[0].text == "3\n"


@linux
def test_a_jupyter_server_starts_restarts_and_ends_it(tmp_path):
    import asyncio

    from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

    async def use() -> list[bool]:
        kernels = AsyncMappingKernelManager(root_dir=str(tmp_path))
        name = await kernels.start_kernel(kernel_name="bmkit", path="/")
        one = kernels.get_kernel(name)
        await one.ready
        forked = isinstance(one.provisioner.process, provisioner.ForkedProcess)
        before = one.provisioner.pid
        await kernels.restart_kernel(name)
        other = one.provisioner.pid != before
        await kernels.shutdown_kernel(name)
        return [forked, other, one.has_kernel]

    assert asyncio.run(use()) == [True, True, False]


TRAIN = """
torch.manual_seed(0)
x = torch.randn(64, 3); y = x.sum(1, keepdim=True)
model = torch.nn.Linear(3, 1); optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for step in range(200):
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
print(loss.item() < 0.01, torch.get_num_threads(), torch.cuda.is_initialized())
"""


@pytest.mark.slow
@linux
def test_pytorch_trains_in_a_fork(start, monkeypatch):
    monkeypatch.setenv("BMKIT_PRELOAD", "torch," + LIGHT)
    kernel = start(env={**os.environ, "OMP_NUM_THREADS": "2"})
    assert kernel.run("import sys; print('torch' in sys.modules)") == "True"
    assert kernel.run("import torch" + TRAIN) == "True 2 False"


@linux
@pytest.mark.slow
def test_tensorflow_trains_in_a_fork(start, monkeypatch):
    pytest.importorskip("tensorflow", reason="pip install 'bmkit[tensorflow]'")
    monkeypatch.delenv("BMKIT_PRELOAD")
    kernel = start("bmkit-tensorflow")
    assert kernel.run("import sys; print('tensorflow' in sys.modules)") == "True"
    code = "import tensorflow as tf; tf.keras.utils.set_random_seed(0)\n"
    code += "x = tf.random.normal((64, 3)); y = tf.reduce_sum(x, 1, keepdims=True)\n"
    code += "model = tf.keras.Sequential([tf.keras.layers.Dense(1)])\n"
    code += "model.compile(tf.keras.optimizers.Adam(0.1), 'mse')\n"
    code += "loss = model.fit(x, y, epochs=60, verbose=0).history['loss'][-1]\n"
    code += "print(loss < 0.01)"
    assert kernel.run(code, timeout=120).endswith("True")


@linux
@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["bmkit", "bmkit-sandbox"])
def test_stock_nbgrader_autogrades_with_it(kernel, tmp_path):
    if kernel == "bmkit-sandbox" and sandbox.missing():
        pytest.skip(sandbox.missing())
    notebook = book("import sys\nassert 'sqlite3' in sys.modules")
    notebook.cells[0].metadata["nbgrader"] = {
        **{"grade": True, "grade_id": "warm", "locked": True, "points": 2},
        **{"schema_version": 3, "solution": False, "task": False, "cell_type": "code"},
    }
    source = tmp_path / "source" / "one" / "p.ipynb"
    handed_in = tmp_path / "submitted" / "ann" / "one" / "p.ipynb"
    for path in (source, handed_in):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    option = f"--ExecutePreprocessor.kernel_name={kernel}"
    for words in (["generate_assignment", "one"], ["autograde", "one", option]):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            **{"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 180},
        )
        assert done.returncode == 0, done.stderr[-2000:]
    graded = tmp_path / "autograded" / "ann" / "one" / "p.ipynb"
    cells = json.loads(graded.read_text(encoding="utf-8"))["cells"]
    assert not any(out["output_type"] == "error" for c in cells for out in c["outputs"])
