"""Where work is done: threads here, or a Dask cluster by its scheduler's address."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
from collections.abc import Iterator

from bmkit.course.words import say
from bmkit.errors import BmkitError


class NoCluster(BmkitError):
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
        raise NoCluster(say("cluster.no_dask")) from None
    try:
        client = Client(cluster, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NoCluster(say("cluster.silent", address=cluster, why=reason)) from None
    with client, client.get_executor(pure=False) as remote:
        yield remote
