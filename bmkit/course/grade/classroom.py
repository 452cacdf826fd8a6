"""The room's page: how all submissions went, for whoever stands in front of the room.

One file that opens from anywhere: no script, nothing to load. Learners' words (names,
what failed) are in it as text only: everything is escaped, signs that print nothing or
turn the reading direction are shown as such, and the page's own policy lets no script
run and nothing load.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit import atomic
from bmkit.course.grade import deadlines, similarity
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.report import pages
from bmkit.course.words import say
from bmkit.lab.words import say as lesson_says
from bmkit.language import LANGS

if TYPE_CHECKING:
    from bmkit.course.source.catalog import Lesson

BINS = 10
OTHERS = 3  # of the messages that no known mistake explains, the most frequent
LONGEST = 300  # characters of a message
# How a check that met the stub says so.
UNWRITTEN = tuple(
    re.split("[:：]", lesson_says("check.stub", lang=lang))[0] for lang in LANGS
)


@dataclass
class Exercise:
    """How one exercise went.

    Attributes:
        name: the exercise's.
        passed: how many had all of its points.
        partly: how many had some of them.
        failed: how many wrote something that has none.
        unwritten: how many left it as it was.
        mistakes: known mistakes, and how often each was made.
        messages: for each known mistake, what one learner was told.
        others: other messages, and how often.
        stuck: who had all before it, and not this.
    """

    name: str
    passed: int = 0
    partly: int = 0
    failed: int = 0
    unwritten: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)
    messages: dict[str, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)

    @property
    def all(self) -> int:
        """How many submissions there are."""
        return self.passed + self.partly + self.failed + self.unwritten


@dataclass
class Part:
    """How one lesson went.

    Attributes:
        slug: the lesson's.
        exercises: by name, in the lesson's order.
        scores: each submission's share of the points, 0 to 1.
        person: who must be looked at, and why.
        alike: whose work is alike.
        late: who handed in late, by how many seconds, and what percentage it costs.
    """

    slug: str
    exercises: dict[str, Exercise] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    person: list[tuple[str, list[str]]] = field(default_factory=list)
    alike: list[similarity.Group] = field(default_factory=list)
    late: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def bins(self) -> list[int]:
        """How many scores are in each tenth; full marks are in the last."""
        counts = Counter(min(int(score * BINS), BINS - 1) for score in self.scores)
        return [counts[n] for n in range(BINS)]

    @property
    def whole(self) -> int:
        """How many have all points."""
        return sum(score >= 1 for score in self.scores)

    @property
    def middle(self) -> float:
        """The median score."""
        import statistics

        return statistics.median(self.scores) if self.scores else 0.0


def gather(
    verdicts: Iterable[Verdict],
    ours: dict[tuple[str, str], similarity.Known] | None = None,
) -> list[Part]:
    """Sum up a room, looking at one verdict at a time and keeping none.

    Args:
        verdicts: what `Book.verdicts` gives.
        ours: what `similarity.known` gives.

    Returns:
        each lesson's part, in the order in which lessons are met.
    """
    parts: dict[str, Part] = {}

    def works() -> Iterator[similarity.Work]:
        for verdict in verdicts:
            part = parts.setdefault(verdict.slug, Part(verdict.slug))
            _add(part, verdict)
            yield similarity.work_of(verdict)

    for group in similarity.groups(works(), ours):
        parts[group.slug].alike.append(group)
    return list(parts.values())


def write(
    path: Path,
    verdicts: Iterable[Verdict],
    lessons: list[Lesson],
    *,
    lang: str = "en",
    refused: Iterable[object] = (),
    notes: Iterable[object] = (),
) -> Path:
    """Write the page, whole or not at all.

    Args:
        path: the HTML file.
        verdicts: what `Book.verdicts` gives.
        lessons: the course, for titles and for telling stubs from answers.
        lang: the page's language.
        refused: what was not graded, a line each.
        notes: what else a teacher should know of files, a line each.

    Returns:
        the page.
    """
    parts = gather(verdicts, similarity.known(lessons))
    titles = {lesson.slug: lesson.title[lang] for lesson in lessons}
    order = [lesson.slug for lesson in lessons]
    parts.sort(key=lambda p: order.index(p.slug) if p.slug in order else len(order))
    text = pages.template("room.html").render(
        parts=parts,
        titles=titles,
        refused=[str(line) for line in refused],
        notes=[str(line) for line in notes],
        lang="zh-CN" if lang == "zh" else "en",
        say=partial(say, lang=lang),
        late=partial(deadlines.told, lang=lang),
        others=OTHERS,
        mistakes=_mistakes(lessons) if lang == "zh" else {},
    )
    return atomic.write(path, text)


def _mistakes(lessons: list[Lesson]) -> dict[tuple[str, str, str], str]:
    """The Chinese of each known mistake: what its check says, where it says it."""
    from bmkit.course.source.loading import source_of

    found = {}
    for lesson in lessons:
        source = source_of(lesson)
        for exercise in source.exercises():
            twins = [check.twin for check in source.of("check", exercise.name)]
            entries = [entry for twin in twins if twin for entry in twin.entries]
            for mistake in source.of("mistake", exercise.name):
                says = mistake.options["says"]
                texts = ("".join(e.rows) for e in entries if says in e.key)
                found[lesson.slug, exercise.name, says] = next(texts, says)
    return found


def _add(part: Part, verdict: Verdict) -> None:
    part.scores.append(verdict.points / verdict.of if verdict.of else 0.0)
    if verdict.late:
        part.late.append((verdict.student, verdict.late, verdict.percent))
    if verdict.person:
        part.person.append((verdict.student, verdict.person))
    on_the_way = True
    for mark in verdict.marks:
        exercise = part.exercises.setdefault(mark.exercise, Exercise(mark.exercise))
        passed = mark.points >= mark.of
        if passed:
            exercise.passed += 1
        elif mark.message.startswith(UNWRITTEN):
            exercise.unwritten += 1
        else:
            exercise.partly += mark.points > 0
            exercise.failed += mark.points <= 0
            _explain(exercise, mark)
        if on_the_way and not passed:
            exercise.stuck.append(verdict.student)
        on_the_way &= passed


def _explain(exercise: Exercise, mark: Mark) -> None:
    if mark.mistake:
        exercise.mistakes[mark.mistake] += 1
        exercise.messages.setdefault(mark.mistake, mark.message[:LONGEST])
    elif mark.message:
        exercise.others[mark.message[:LONGEST]] += 1
