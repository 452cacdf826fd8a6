"""What each lesson's claims measured when it last ran: a small file a lesson and run.

Results are big and go by what they depend on. Who compares what lessons say wants their
claims alone, by lesson, profile and language, also where the lesson has changed since.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bmkit import atomic
from bmkit.course import state
from bmkit.course.json_values import JsonObject, shaped
from bmkit.course.run.result import Claim, Result
from bmkit.course.source.catalog import Lesson

FOLDER = "claims"  # beside the results
# What ran to its end; of the others some claims are missing.
WHOLE = ("passed", "unchanged", "false claim", "grader failed")


@dataclass(frozen=True)
class Measured:
    """A lesson's claims, and the run that measured them.

    ``source`` is the hash of the lesson's file as it was.
    """

    slug: str
    profile: str
    lang: str
    device: str
    seed: int
    source: str
    claims: list[Claim]


def keep(
    store: Path, lesson: Lesson, result: Result, parameters: JsonObject, lang: str
) -> None:
    """Keep the claims of a lesson that ran to its end.

    Args:
        store: the folder of results.
        lesson: which ran.
        result: what came of it.
        parameters: with which profile, device and seed.
        lang: in which language.
    """
    if result.status not in WHOLE:
        return
    made = Measured(
        slug=lesson.slug,
        profile=str(parameters["profile"]),
        lang=lang,
        device=str(parameters["device"]),
        seed=int(parameters["seed"]),
        source=source_hash(lesson),
        claims=[claim for claim in result.claims if claim["kind"] == "claim"],
    )
    name = f"{made.slug}-{made.profile}-{made.lang}.json"
    text = json.dumps(asdict(made), ensure_ascii=False)
    with contextlib.suppress(OSError):  # as for results: it is not kept
        atomic.write(state.make(store / FOLDER) / name, text)


def read(store: Path) -> list[Measured]:
    """What is kept; a file in another form counts as absent."""
    found = []
    for path in sorted((store / FOLDER).glob("*.json")):
        with contextlib.suppress(OSError, ValueError, RecursionError):
            found.append(shaped(json.loads(path.read_text("utf-8")), Measured))
    return found


def source_hash(lesson: Lesson) -> str:
    """The hash of a lesson's file."""
    return hashlib.sha256(lesson.path.read_bytes()).hexdigest()[:16]
