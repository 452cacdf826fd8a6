"""Judging in whatever process or thread it is asked for, with the frameworks warm.

Each process keeps one fork server for each set of frameworks; threads share it. So a
`Brief` can be judged by a pool of threads here or by a cluster's workers elsewhere.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import threading
from functools import cache

from bmkit.course import parsing
from bmkit.course.grade.judge.job import Brief
from bmkit.course.grade.judge.judge import PRELOAD, judge
from bmkit.course.grade.result import Verdict
from bmkit.course.kernels.forkserver_client import NotWarm, Warm
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import Lesson
from bmkit.data import cards

_warm: dict[tuple[tuple[str, ...], bool], Warm] = {}
_lock = threading.Lock()


def preload(lesson: Lesson) -> tuple[str, ...]:
    """What to import before the first fork: our own, and what the lesson imports."""
    return _preload(lesson, lesson.path.stat().st_mtime_ns)


@cache
def _preload(lesson: Lesson, _changed: int) -> tuple[str, ...]:
    from bmkit.course.source.loading import source_of

    names: dict[str, None] = dict.fromkeys(PRELOAD)
    for cell in source_of(lesson).cells:
        if not cell.markdown:
            names.update(dict.fromkeys(_imports(cell.source)))
    return tuple(names)


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


def sit(
    brief: Brief, names: tuple[str, ...], limits: Limits, jailed: bool = True
) -> Verdict:
    """Judge one submission.

    Args:
        brief: the submission.
        names: `preload` of its lesson.
        limits: what its code may use.
        jailed: in the sandbox; False lets a stranger's code do what the user may.

    Raises:
        NotWarm: the frameworks cannot be imported.
        NoSandbox: ``jailed``, and this machine has none.
    """
    server = _server(names, jailed)
    try:
        return judge(brief, server, limits)
    except NotWarm:
        if not server.closed:
            raise
        # Someone ended the fork server itself: once more with a new one.
        return judge(brief, _server(names, jailed), limits)


def warm_up(names: tuple[str, ...], jailed: bool) -> None:
    """Start the fork server now; it is needed soon."""
    _server(names, jailed)


def _server(names: tuple[str, ...], jailed: bool) -> Warm:
    with _lock:
        server = _warm.get((names, jailed))
        if server is None or server.closed:
            try:
                server = _started(names, jailed)
            except NotWarm:
                # A lesson's own import may start threads; ours do not.
                server = _started(PRELOAD, jailed)
            _warm[names, jailed] = server
        return server


def _started(names: tuple[str, ...], jailed: bool) -> Warm:
    share = (cards.FOLDER,) if cards.FOLDER.is_dir() else ()
    server = Warm(names, jailed=jailed, share=share)
    server.wait_ready()
    return server


@atexit.register
def close() -> None:
    """End the fork servers of this process."""
    with _lock:
        for server in _warm.values():
            with contextlib.suppress(OSError):
                server.close()
        _warm.clear()
