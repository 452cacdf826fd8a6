"""Where work is done: threads here, or a Dask cluster by its scheduler's address."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
from collections.abc import Iterator


class NoCluster(Exception):
    """There is none at this address; the message says why and what to do."""


@contextlib.contextmanager
def executor(cluster: str | None, jobs: int) -> Iterator[futures.Executor]:
    """An executor, open.

    Threads are enough here: what they wait for runs in kernels, which are processes
    forked from a few of ours. A kernel that dies takes no other with it.

    Args:
        cluster: its scheduler's address, such as ``tcp://10.0.0.5:8786``; None for
            threads of this process.
        jobs: how many threads; a cluster has workers of its own.

    Raises:
        NoCluster: Dask is not installed, or no scheduler answers.
    """
    if cluster is None:
        with futures.ThreadPoolExecutor(jobs) as threads:
            yield threads
        return
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise NoCluster("--cluster needs Dask: pip install 'bmkit[cluster]'") from None
    try:
        client = Client(cluster, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NoCluster(f"no Dask scheduler answers at {cluster}: {reason}") from None
    with client, client.get_executor(pure=False) as remote:
        yield remote
