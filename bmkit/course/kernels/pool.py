"""A client's forking processes: one for each set of modules, begun at first need."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from bmkit.course.kernels import forkserver_client

_warms: dict[tuple[Any, ...], forkserver_client.Warm] = {}
_lock = threading.Lock()


def warmed(modules: tuple[str, ...], jailed: bool = False) -> forkserver_client.Warm:
    """This process's own forking process with these modules; begun when there is none.

    Raises:
        NoSandbox: ``jailed``, and this machine has no sandbox.
    """
    key = (os.getpid(), modules, jailed, _age())
    with _lock:
        found = _warms.get(key)
        if found is None or found.closed:
            found = _warms[key] = forkserver_client.Warm(modules, jailed=jailed)
    retire()
    return found


def retire() -> None:
    """End the forking processes that are out of date, once no kernel of theirs runs."""
    age, old = _age(), []
    with _lock:
        for key, source in list(_warms.items()):
            # After a fork of the client, its are not ours to end.
            mine = key[0] == os.getpid()
            if source.closed or (mine and key[3] != age and not source.busy):
                old.append(_warms.pop(key))
    for source in old:
        source.close()


def close() -> None:
    """End them all, and so every kernel forked from them."""
    with _lock:
        mine = [source for key, source in _warms.items() if key[0] == os.getpid()]
        _warms.clear()
    for source in mine:
        source.close()


def _age() -> float:
    """When the newest of our files that kernels are forked with was changed."""
    return max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
