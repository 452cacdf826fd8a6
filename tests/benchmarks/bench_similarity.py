"""Does the room's page find copies, and accuse nobody who worked alone?

    python -m tests.benchmarks.bench_similarity [SEEDS]

Copies: right answers that a learner may write (`rewrites`, and each variant in the
lessons' sources as if the lesson did not know it), each beside itself in every disguise
of `disguises`. Copies with lines that are no Python are counted apart: they do not run,
and have no points to gain. Answers with less than `LONG` fingerprints of their own are
too short to tell, and counted apart, too. Honest pairs: two answers to an exercise that
were written independently, once with what the lesson knows, and once as if it knew its
stub alone; two learners with the same known mistake; two with the lesson's own answer.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from bmkit.course.grade.fingerprints import fingerprints
from bmkit.course.grade.normal_form import form
from bmkit.course.grade.similarity import Known, Work, groups, known
from bmkit.course.source.catalog import Course
from bmkit.course.source.loading import source_of
from bmkit.course.source.regions import stub
from tests import ROOT
from tests.benchmarks import asked, load
from tests.benchmarks.disguises import BROKEN, DISGUISES
from tests.benchmarks.rewrites import RIGHT

LONG = 12  # fingerprints of its own that an answer must have to be told from chance
ALL = {**DISGUISES, **BROKEN}
Exercise = tuple[str, str]


@dataclass
class Outcome:
    """What was found.

    Attributes:
        copies: how many pairs were copies.
        lost: those that were not found, as ``exercise, disguise``.
        broken: how many more had lines that are not Python.
        broken_lost: those of them that were not found.
        short: answers too short to tell.
        honest: how many pairs were honest, by kind.
        accused: those that were accused, as ``exercise, kind``.
    """

    copies: int = 0
    lost: list[str] = field(default_factory=list)
    broken: int = 0
    broken_lost: list[str] = field(default_factory=list)
    short: int = 0
    honest: Counter[str] = field(default_factory=Counter)
    accused: list[str] = field(default_factory=list)


@cache
def answers() -> dict[Exercise, dict[str, list[str]]]:
    """The answers to each exercise of the course, by kind; its stub, too."""
    found = {}
    for lesson in Course(ROOT).lessons():
        source = source_of(lesson)
        for cell in source.exercises():
            key = (lesson.slug, cell.name)
            found[key] = {
                kind: [one.source for one in source.of(kind, cell.name)]
                for kind in ("exercise", "variant", "mistake")
            }
            found[key] |= {"rewrite": list(RIGHT.get(key, ()))}
            found[key] |= {"stub": [stub(cell.source)]}
    return found


@cache
def course() -> dict[Exercise, Known]:
    """What the course knows of each exercise."""
    return known(Course(ROOT).lessons())


def only_stub(key: Exercise) -> Known:
    """What would be known of an exercise by its stub alone."""
    (text,) = answers()[key]["stub"]
    return Known(fingerprints(text), frozenset([form(text)]))


def alike(key: Exercise, one: str, other: str, lesson: Known) -> bool:
    """Whether two learners with these answers are named to the teacher."""
    slug, name = key
    works = [Work("ann", slug, {name: one}), Work("bob", slug, {name: other})]
    return bool(groups(works, {key: lesson}))


def originals() -> Iterator[tuple[Exercise, str, Known]]:
    """Answers that somebody may copy, and what the lesson knows without them."""
    for key, kinds in answers().items():
        for text in kinds["rewrite"]:
            yield key, text, course()[key]
        for text in kinds["variant"]:
            others = [x for x in kinds["variant"] if x != text]
            lesson = only_stub(key)
            shown = map(fingerprints, [*kinds["exercise"], *others])
            yield key, text, Known(lesson.prints.union(*shown), lesson.stubs)


def honest() -> Iterator[tuple[str, Exercise, str, str, Known]]:
    """Pairs of answers of which neither is a copy of the other, and their kind."""
    for key, kinds in answers().items():
        right = kinds["exercise"] + kinds["variant"] + kinds["rewrite"]
        stub_alone = only_stub(key)
        for one, other in itertools.combinations(right, 2):
            yield "two right answers", key, one, other, course()[key]
            yield "two right answers, only the stub known", key, one, other, stub_alone
        for one, other in itertools.product(kinds["mistake"], kinds["rewrite"]):
            yield "a mistake and a right answer", key, one, other, course()[key]
        for one, other in itertools.combinations(kinds["mistake"], 2):
            yield "two known mistakes", key, one, other, course()[key]
        for kind, texts in kinds.items():
            for text in texts if kind != "rewrite" else ():
                yield f"the same {kind} of the lesson's", key, text, text, course()[key]


def measure(seeds: int) -> Outcome:
    """Look at every pair; each disguise in ``seeds`` ways."""
    outcome = Outcome()
    for key, text, lesson in originals():
        if len(fingerprints(text) - lesson.prints) < LONG:
            outcome.short += 1
            continue
        for name, disguise in ALL.items():
            for seed in range(seeds):
                outcome.copies += name in DISGUISES
                outcome.broken += name in BROKEN
                copied = disguise(text, random.Random(seed))
                if not alike(key, text, copied, lesson):
                    lost = outcome.broken_lost if name in BROKEN else outcome.lost
                    lost.append(f"{key[1]}, {name}")
    for kind, key, one, other, lesson in honest():
        outcome.honest[kind] += 1
        if alike(key, one, other, lesson):
            outcome.accused.append(f"{key[1]}, {kind}")
    return outcome


def main() -> int:
    """Print the numbers; 0 when all copies that run are found and nobody is accused."""
    seeds = asked(5)
    began = time.monotonic()
    outcome = measure(seeds)
    found = outcome.copies - len(outcome.lost)
    print(f"copies found:   {found} of {outcome.copies}, in {len(DISGUISES)} disguises")
    found = outcome.broken - len(outcome.broken_lost)
    print(f"that do not run: {found} of {outcome.broken}")
    for line, count in Counter(outcome.lost + outcome.broken_lost).most_common():
        print(f"  lost: {line} ({count})")
    print(f"honest accused: {len(outcome.accused)} of {outcome.honest.total()}")
    for kind, count in outcome.honest.items():
        print(f"  {count:5} {kind}")
    for line in outcome.accused:
        print(f"  accused: {line}")
    print(f"{outcome.short} answers are too short to tell a copy from chance")
    print(f"{time.monotonic() - began:.1f} s, {load()}")
    return 1 if outcome.lost or outcome.accused else 0


if __name__ == "__main__":
    sys.exit(main())
