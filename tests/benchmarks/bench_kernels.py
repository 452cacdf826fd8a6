"""How long until the first cell with ``import torch`` is done: warm, sandboxed, cold.

python -m tests.benchmarks.bench_kernels [ROUNDS]
"""

from __future__ import annotations

import statistics
import time

from jupyter_client.manager import KernelManager

from bmkit.course.kernels import provisioner, sandbox
from tests.benchmarks import asked, load

CELL = "import torch\nassert torch.ones(3).sum() == 3"
KINDS = {"warm": "bmkit", "sandboxed": "bmkit-sandbox", "cold": "python3"}


def first_cell(kernel: str) -> float:
    """Seconds from asking for a kernel to its first cell's reply."""
    began = time.perf_counter()
    manager = KernelManager(kernel_name=kernel)
    manager.start_kernel(extra_arguments=["--IPKernelApp.log_level=ERROR"])
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    reply = client.execute_interactive(CELL, timeout=120)
    took = time.perf_counter() - began
    assert reply["content"]["status"] == "ok", reply
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return took


def main(rounds: int) -> None:
    """Take turns, so that what else the machine does meets all alike."""
    kinds = {
        n: k for n, k in KINDS.items() if n != "sandboxed" or not sandbox.missing()
    }
    first = {name: first_cell(kernel) for name, kernel in kinds.items()}
    took: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, kernel in kinds.items():
            took[name].append(first_cell(kernel))
    provisioner.end()
    middle = {name: statistics.median(values) for name, values in took.items()}
    for name, value in middle.items():
        low, high = min(took[name]), max(took[name])
        print(
            f"{name:9} {value:6.3f} s   ({low:.3f} to {high:.3f}, {rounds} times; "
            f"the very first {first[name]:.2f})"
        )
    print(f"warm / cold: {middle['warm'] / middle['cold']:.3f}   (aim: at most 0.35)")
    if "sandboxed" in middle:
        more = 1000 * (middle["sandboxed"] - middle["warm"])
        print(f"sandbox adds {more:.0f} ms   (aim: less than 150)")
    print(load())


if __name__ == "__main__":
    main(asked(10))
