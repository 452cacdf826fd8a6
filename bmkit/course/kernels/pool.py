"""This process's fork servers: one for each set of modules, begun at first need.

Kernels are forked from them, and the processes in which submissions are judged.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from pathlib import Path
from typing import Any

from bmkit.course.kernels import forkserver_client

_servers: dict[tuple[Any, ...], forkserver_client.ForkServer] = {}
_lock = threading.Lock()
_used: dict[tuple[Any, ...], float] = {}  # when each was last asked for
MOST = 6  # fork servers that are kept without work: each holds frameworks in memory
LONG = 30  # seconds after which one that nobody asked for may go


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
        _used[key] = time.monotonic()
    retire()
    return found


def retire() -> None:
    """End fork servers without work: those out of date, and those of long ago."""
    age, old, now = _age(), [], time.monotonic()
    with _lock:
        # After a fork of the client, its are not ours to end.
        ours = [key for key in _servers if key[0] == os.getpid()]
        idle = [key for key in ours if not _servers[key].busy]
        late = [key for key in idle if now - _used[key] > LONG]
        late = sorted(late, key=_used.__getitem__)[: max(0, len(ours) - MOST)]
        for key, source in list(_servers.items()):
            outdated = key in idle and key[-1] != age
            if source.closed or outdated or key in late:
                old.append(_servers.pop(key))
                _used.pop(key, None)
    for source in old:
        source.close()


@atexit.register
def close() -> None:
    """End them all, and so every process forked from them."""
    with _lock:
        mine = [source for key, source in _servers.items() if key[0] == os.getpid()]
        _servers.clear()
        _used.clear()
    for source in mine:
        source.close()


def _age() -> float:
    """When the newest of our files that kernels are forked with was changed."""
    return max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
