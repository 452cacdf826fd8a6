"""Jobs to results, on whichever executor: the settings of a run, and its end."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bmkit.course import executors
from bmkit.course.kernels import environment
from bmkit.course.run import kept_results
from bmkit.course.run.result import Result
from bmkit.course.run.worker import Job, work
from bmkit.course.words import say
from bmkit.errors import BmkitError

log = logging.getLogger(__name__)


class CannotRun(BmkitError):
    """Nothing was run; the message says why and what to do."""


class Listener(Protocol):
    """Who wants to know of each result as it comes."""

    def finished(self, result: Result) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to run; the fields are `bmkit run`'s flags, and where results are kept."""

    store: Path
    profile: str = "ci"
    device: str = "auto"
    lang: str = "en"
    seed: int = 0
    jobs: int = 1
    fresh: bool = False
    cluster: str | None = None
    limit: float = 900.0


def longest_first(jobs: list[Job], store: Path, guess: dict[str, float]) -> None:
    """Sort jobs so that none is left to run alone at the end.

    Args:
        jobs: in any order.
        store: where it is kept how long they took.
        guess: seconds by slug, of jobs that never ran.
    """
    took = kept_results.seconds(store)
    jobs.sort(key=lambda job: -took.get(kept_results.name(job), guess[job.slug]))


def execute(
    jobs: list[Job],
    settings: Settings,
    workers: int,
    done: dict[str, Result],
    listener: Listener,
) -> bool:
    """Run the jobs; keep each result as it comes. True when Ctrl-C ended it.

    A cluster must answer also where there is nothing to run: that its address is wrong
    is told of now, not the next time.

    Raises:
        CannotRun: the cluster does not answer.
    """
    from bmkit.course.kernels import provisioner

    if not jobs and settings.cluster is None:
        return False
    with executor(settings, workers, jobs) as pool:
        waiting = {pool.submit(work, job): job for job in jobs}
        try:
            for future in futures.as_completed(waiting):
                job = waiting[future]
                try:
                    result = future.result()
                except Exception as error:  # the worker itself died
                    log.exception("%s: its worker ended", job.slug)
                    what = f"{type(error).__name__}: {error}"
                    message = say("run.worker", error=what)
                    result = Result(job.slug, job.title, "died", message=message)
                done[job.slug] = result
                kept_results.keep(result, job, settings.store)
                listener.finished(result)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            until = time.monotonic() + 10
            while time.monotonic() < until and any(f.running() for f in waiting):
                provisioner.end()  # again: one may have been about to start
                time.sleep(0.1)
            return True
    return False


@contextlib.contextmanager
def executor(
    settings: Settings, workers: int, jobs: list[Job]
) -> Iterator[futures.Executor]:
    """What the settings name to run jobs on: this machine, or a cluster.

    Raises:
        CannotRun: the cluster does not answer.
    """
    local: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if settings.cluster is None:
        begin(jobs)
        local = environment.kernels(jobs[0].threads)
    try:
        with local, executors.executor(settings.cluster, workers) as pool:
            yield pool
    except executors.NoCluster as error:
        raise CannotRun(str(error)) from None


def begin(jobs: list[Job]) -> None:
    """Let the import of what these jobs' kernels are forked with begin.

    Raises:
        CannotRun: bmkit's kernels are not installed here.
    """
    from bmkit.course.kernels import provisioner

    try:
        for kernel in dict.fromkeys(job.kernel for job in jobs):
            provisioner.begin(kernel)
    except provisioner.NotInstalled as error:
        raise CannotRun(str(error)) from None
