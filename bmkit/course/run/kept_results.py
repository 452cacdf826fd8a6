"""Results that are kept, by what they depend on, and how long each job took."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

from bmkit import atomic
from bmkit.course import state
from bmkit.course.json_values import shaped
from bmkit.course.run.result import VERSION, Result
from bmkit.course.run.worker import Job

log = logging.getLogger(__name__)
SECONDS = "seconds.json"  # beside the results: how long each lesson took


def find(key: str, store: Path) -> Result | None:
    """The result of an earlier run that depended on just the same.

    None too where another version of bmkit wrote it and meant something else, or what
    is there is no passed result.
    """
    try:
        found = (store / f"{key}.json").read_text(encoding="utf-8")
        result = shaped({"version": 0, **json.loads(found)}, Result)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    if result.version != VERSION or result.status != "passed":
        return None
    result.status = "unchanged"
    return result


def keep(result: Result, job: Job, store: Path) -> None:
    """Keep a passed result, and how long it took, for next time."""
    if result.status != "passed" or not result.key:
        return
    took = {**seconds(store), name(job): result.seconds}
    try:
        state.make(store)
        atomic.write(store / f"{result.key}.json", json.dumps(asdict(result)))
        atomic.write(store / SECONDS, json.dumps(took))
    except OSError:  # a course that cannot be written is run all the same
        log.warning("%s: the result cannot be kept", job.slug, exc_info=True)


def seconds(store: Path) -> dict[str, float]:
    """How long jobs took the last time they ran."""
    try:
        found = json.loads((store / SECONDS).read_text(encoding="utf-8"))
        return shaped(found, dict[str, float])
    except (OSError, ValueError, RecursionError):
        return {}


def name(job: Job) -> str:
    """What a job's duration goes by: the seed changes little, the profile much."""
    return f"{job.slug} {job.parameters['profile']} {job.parameters['device']}"
