"""This process's fork servers: one for each set of modules, begun at first need.

Kernels are forked from them, and the processes in which submissions are judged.
"""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path
from typing import Any

from bmkit.course.kernels import forkserver_client

_servers: dict[tuple[Any, ...], forkserver_client.ForkServer] = {}
_lock = threading.Lock()


def fork_server(
    modules: tuple[str, ...], jailed: bool = False, share: tuple[Path, ...] = ()
) -> forkserver_client.ForkServer:
    """This process's own fork server with these modules; begun when there is none.

    It may still be importing: `ForkServer.wait_ready` waits for that. Threads share it.

    Args:
        modules: as `ForkServer`'s ``preload``.
        jailed: in the sandbox.
        share: what the sandbox shows besides the system, read-only.

    Raises:
        NoSandbox: ``jailed``, and this machine has no sandbox.
    """
    key = (os.getpid(), modules, jailed, share, _age())
    with _lock:
        found = _servers.get(key)
        if found is None or found.closed:
            found = forkserver_client.ForkServer(modules, jailed=jailed, share=share)
            _servers[key] = found
    retire()
    return found


def retire() -> None:
    """End the forking processes that are out of date, once no kernel of theirs runs."""
    age, old = _age(), []
    with _lock:
        for key, source in list(_servers.items()):
            # After a fork of the client, its are not ours to end.
            mine = key[0] == os.getpid()
            if source.closed or (mine and key[-1] != age and not source.busy):
                old.append(_servers.pop(key))
    for source in old:
        source.close()


@atexit.register
def close() -> None:
    """End them all, and so every process forked from them."""
    with _lock:
        mine = [source for key, source in _servers.items() if key[0] == os.getpid()]
        _servers.clear()
    for source in mine:
        source.close()


def _age() -> float:
    """When the newest of our files that kernels are forked with was changed."""
    return max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
