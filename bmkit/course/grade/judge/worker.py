"""Judging in whatever process or thread it is asked for, with the frameworks warm.

The fork servers are the process's own (`kernels.pool`). So a `Job` can be judged by
a pool of threads here or by a cluster's workers elsewhere.
"""

from __future__ import annotations

import ast
from functools import cache

from bmkit.course import parsing
from bmkit.course.build.cache import kept
from bmkit.course.grade.judge.job import Job
from bmkit.course.grade.judge.judge import PRELOAD, judge
from bmkit.course.grade.result import Verdict
from bmkit.course.kernels import pool
from bmkit.course.kernels.forkserver_client import ForkServer, ForkServerError
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import Lesson
from bmkit.data import cards

_threaded: set[tuple[str, ...]] = set()  # modules whose import started threads


def preload(lesson: Lesson) -> tuple[str, ...]:
    """What to import before the first fork: our own, and what the lesson imports."""
    return _preload(lesson, lesson.path.stat().st_mtime_ns)


@cache
def _preload(lesson: Lesson, _changed: int) -> tuple[str, ...]:
    theirs = kept(lesson, "imports", list[str], lambda: _imports_of(lesson))
    return tuple(dict.fromkeys([*PRELOAD, *theirs]))


def _imports_of(lesson: Lesson) -> list[str]:
    from bmkit.course.source.loading import source_of

    cells = [cell for cell in source_of(lesson).cells if not cell.markdown]
    return [name for cell in cells for name in _imports(cell.source)]


def _imports(source: str) -> list[str]:
    try:
        tree = parsing.parse(source)
    except (SyntaxError, ValueError):  # magics
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def judge_job(
    job: Job, names: tuple[str, ...], limits: Limits, jailed: bool = True
) -> Verdict:
    """Judge one submission.

    Args:
        job: the submission.
        names: `preload` of its lesson.
        limits: what its code may use.
        jailed: in the sandbox; False lets a stranger's code do what the user may.

    Raises:
        ForkServerError: the frameworks cannot be imported.
        NoSandbox: ``jailed``, and this machine has none.
    """
    server = _server(names, jailed)
    try:
        return judge(job, server, limits)
    except ForkServerError:
        if not server.closed:
            raise
        # Someone ended the fork server itself: once more with a new one.
        return judge(job, _server(names, jailed), limits)


def warm_up(names: tuple[str, ...], jailed: bool) -> None:
    """Start the fork server now; it is needed soon."""
    _server(names, jailed)


def _server(names: tuple[str, ...], jailed: bool) -> ForkServer:
    """The fork server of this process with these modules, ready to fork."""
    share = (cards.FOLDER,) if cards.FOLDER.is_dir() else ()
    if names not in _threaded:
        server = pool.fork_server(names, jailed, share)
        try:
            server.wait_ready()
            return server
        except ForkServerError:
            # A lesson's own import may start threads; ours do not.
            _threaded.add(names)
    server = pool.fork_server(PRELOAD, jailed, share)
    server.wait_ready()
    return server
