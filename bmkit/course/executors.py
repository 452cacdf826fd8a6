"""A Dask cluster as a `concurrent.futures` executor, by its scheduler's address."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
from collections.abc import Iterator


class NoCluster(Exception):
    """There is none at this address; the message says why and what to do."""


@contextlib.contextmanager
def pool(address: str) -> Iterator[futures.Executor]:
    """The cluster's executor.

    Args:
        address: of its scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises:
        NoCluster: Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise NoCluster("--cluster needs Dask: pip install 'bmkit[cluster]'") from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NoCluster(f"no Dask scheduler answers at {address}: {reason}") from None
    with client, client.get_executor(pure=False) as executor:
        yield executor
