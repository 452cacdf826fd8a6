"""What one worker does with one lesson: run its notebook and say what happened.

`work` is a pure function of a `Job`: everything it needs travels in the job and all it
found travels back in the `Result`, so any `concurrent.futures` executor can call it,
on this machine or on a cluster that shares no files.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bmkit import data
from bmkit.course.json_values import JsonObject
from bmkit.course.kernels import environment
from bmkit.course.run.outputs import read_outputs, running_cell
from bmkit.course.run.result import Result
from bmkit.course.words import say

log = logging.getLogger(__name__)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
SOON, LOOK = 0.05, 1.0  # seconds between looks at a kernel's memory: first, at most
_importing = threading.Lock()
USED = "data.tsv"  # in the lesson's folder: which data it loaded
SAID = "kernel.log"  # in the lesson's folder: what its process printed
GRACE = 10  # seconds that papermill gets to notice that its kernel was killed


@dataclass
class Job:
    """A lesson to run: the notebook as JSON, papermill's parameters, limits, kernel."""

    slug: str
    title: str
    notebook: str
    parameters: JsonObject
    threads: int = 1
    limit: float = 600.0
    key: str = ""
    kernel: str = "bmkit"
    lang: str = "en"
    data: dict[str, str] = field(default_factory=dict)  # what ``key`` counts on


def work(job: Job) -> Result:
    """Run the job's notebook in a fresh kernel and a folder of its own."""
    began = time.monotonic()
    _import()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run = _Run(job, Path(folder))
        run.finish(began + job.limit)
        result = run.result()
    result.seconds = time.monotonic() - began
    return result


def _import() -> None:
    """Import what the threads below need, in one thread.

    These packages import each other in a circle: two threads that begin at different
    places would wait for each other.
    """
    with _importing:
        import papermill  # noqa: F401


class _Run:
    """Papermill in a thread, watched from outside: it may hang, we may not."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job = job
        self.folder = folder
        self.input = folder / "in.ipynb"
        self.input.write_text(job.notebook, encoding="utf-8")
        self.book: JsonObject = json.loads(job.notebook)
        self.error: BaseException | None = None
        self.over = False
        self.memory = 0
        self.thread = threading.Thread(target=self._papermill, daemon=True)

    def _papermill(self) -> None:
        import papermill

        try:
            papermill.execute_notebook(
                str(self.input),
                None,
                parameters=self.job.parameters,
                # It would write all figures anew after each cell.
                request_save_on_cell_execute=False,
                engine_name=_engine(),
                holder=self,
                kernel_name=self.job.kernel,
                shutdown_kernel="immediate",  # nothing of it is wanted any more
                progress_bar=False,
                # Not papermill's cwd: that one is for the whole process.
                resources={"metadata": {"path": str(self.folder)}},
                # A cell at papermill's own limit is interrupted and counted as
                # fine, so ours must come first.
                execution_timeout=int(self.job.limit + 10 * GRACE),
                start_timeout=120,
                extra_arguments=[
                    "--HistoryManager.enabled=False",
                    "--IPKernelApp.log_level=ERROR",
                ],
            )
        except BaseException as error:  # told in the result, whatever it is
            self.error = error

    def finish(self, deadline: float) -> None:
        """Wait for the end or the deadline, noting the kernel's memory meanwhile."""
        with environment.kernels(self.job.threads):
            self.thread.start()
            pause = SOON
            while self.thread.is_alive() and time.monotonic() < deadline:
                self.thread.join(pause)
                self.memory = max(self.memory, _resident(self.folder))
                if self.memory:  # a short lesson is seen too; looking costs a little
                    pause = min(LOOK, pause * 1.2)
        if self.thread.is_alive():
            self.over = True
            _kill_children(self.folder)
            self.thread.join(GRACE)

    def result(self) -> Result:
        job = self.job
        result = Result(job.slug, job.title, "passed", memory=self.memory, key=job.key)
        book = self._book()
        read_outputs(book, result)
        self._compare_data(result)
        result.notebook = json.dumps(book, ensure_ascii=False)
        if self.over:
            result.status = "timeout"
            result.message = say("run.over", job.lang, seconds=job.limit)
            result.cell = running_cell(book)
        elif self.error is not None:
            self._blame(result)
        elif not all(claim["holds"] for claim in result.claims):
            false = next(c for c in result.claims if not c["holds"])
            result.status = "false claim"
            result.message = ": ".join(filter(None, (false["text"], false["why"])))
        elif bad := [g["exercise"] for g in result.graders if not g["ok"]]:
            result.status = "grader failed"
            names = ", ".join(bad)
            result.message = say("run.misjudges", job.lang, names=names)
        elif names := ", ".join(_survived(result)):
            result.status = "grader failed"
            result.message = say("run.mutants", job.lang, names=names)
        return result

    def _blame(self, result: Result) -> None:
        error: Any = self.error  # papermill has no types
        if type(error).__name__ == "PapermillExecutionError":
            result.status = "failed"
            result.message = ANSI.sub("", f"{error.ename}: {error.evalue}")[:400]
            result.traceback = ANSI.sub("", "\n".join(error.traceback))
            result.cell = error.source
        elif type(error).__name__ == "DeadKernelError":
            result.status = "died"
            result.message = say("run.died", self.job.lang)
            result.traceback = self._last_words()
            result.cell = running_cell(self._book())
        else:
            log.error("%s failed", self.job.slug, exc_info=error)
            result.status = "failed"
            result.message = f"{type(error).__name__}: {error}"[:400]

    def _compare_data(self, result: Result) -> None:
        """Note which data was used; a result on other data is not kept as this one."""
        used = data.used(self.folder / USED)
        result.data = {name: sorted(found) for name, found in used.items()}
        if any(found != {self.job.data.get(name)} for name, found in used.items()):
            log.info("%s: the data used is not what its key says", self.job.slug)
            result.key = ""

    def _last_words(self) -> str:
        """The end of what the kernel's process printed past the notebook."""
        with contextlib.suppress(OSError):
            said = (self.folder / SAID).read_bytes()[-4000:]
            return ANSI.sub("", said.decode("utf-8", "replace")).strip()
        return ""

    def _book(self) -> JsonObject:
        """The notebook as far as it came."""
        for _ in range(3):
            # A cell that still runs may be adding to it.
            with contextlib.suppress(RuntimeError):
                return json.loads(json.dumps(self.book))
        return {"cells": []}


def _survived(result: Result) -> list[str]:
    """The exercises and equations whose mutants fail the lesson."""
    return [
        exercise
        for wrong in (result.mutants_wrong, result.equations_wrong)
        for exercise, rows in wrong.items()
        if rows
    ]


@cache
def _engine() -> str:
    """Papermill's engine, made to show the notebook while it is being executed.

    What the kernel's process itself prints, as where it crashes, goes to a file.
    """
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Shown(NBClientEngine):
        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, holder: _Run, **kwargs: Any
        ) -> None:
            holder.book = nb_man.nb
            client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                log=log,
                timeout=kwargs["execution_timeout"],
                startup_timeout=kwargs["start_timeout"],
                resources=kwargs["resources"],
                shutdown_kernel=kwargs["shutdown_kernel"],
                extra_arguments=kwargs["extra_arguments"],
            )
            env = {**os.environ, data.USED: str(holder.folder / USED)}
            with (holder.folder / SAID).open("wb") as said:
                client.execute(env=env, stdout=said, stderr=said)

    papermill_engines.register("bmkit", Shown)
    return "bmkit"


def _family(folder: Path) -> list[Any]:
    """The kernel that runs in ``folder``, and its children.

    This process runs several lessons: the others' kernels are not ours to end.
    """
    import psutil

    from bmkit.course.kernels import provisioner

    found = []
    for pid in provisioner.running(folder):
        with contextlib.suppress(psutil.Error):
            kernel = psutil.Process(pid)
            found += [kernel, *kernel.children(recursive=True)]
    return found


def _resident(folder: Path) -> int:
    total = 0
    for child in _family(folder):
        with contextlib.suppress(Exception):  # it may be gone already
            total += child.memory_info().rss
    return total


def _kill_children(folder: Path) -> None:
    for child in _family(folder):
        with contextlib.suppress(Exception):
            child.kill()
