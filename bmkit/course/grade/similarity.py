"""Who may have handed in the same work: it points out, and a teacher judges.

Three things are looked for, the plainest first: the same file; notebooks whose answers
are the same to the letter, mistakes included; and answers whose code is the same in its
normal form (`normal_form`, `fingerprints`). Of code a learner's own alone counts:
the fingerprints of what everyone was given or may well write are taken away first,
those of the stub, of the lesson's cells, answers and foreseen mistakes, and those that
a large part of the room shares. What is left of a short right answer is too little to
tell.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from bmkit.course.build import nbgrader_cells
from bmkit.course.grade.fingerprints import fingerprints
from bmkit.course.grade.normal_form import form
from bmkit.course.grade.result import Verdict
from bmkit.course.json_values import as_text

if TYPE_CHECKING:
    from bmkit.course.source.catalog import Lesson

SHARED = 10  # fingerprints that two answers must have in common
SHARE = 2 / 3  # of those of the answer that has fewer
# What more learners share, and more of the room, is what people write. The first is
# also where MOSS draws the line.
MANY, MOST = 10, 1 / 4
WORDS = 60  # words and signs of notebooks that are the same to the letter, stubs apart

How = Literal["file", "notebook", "code"]
HOWS: tuple[How, ...] = ("file", "notebook", "code")  # the plainest first


@dataclass(frozen=True)
class Work:
    """What one learner wrote in one lesson.

    Attributes:
        student: who.
        slug: the lesson.
        answers: the code of each exercise.
        wrong: the exercises that have not all of their points.
        key: SHA-256 of the file; empty when it was not told.
    """

    student: str
    slug: str
    answers: dict[str, str]
    wrong: frozenset[str] = frozenset()
    key: str = ""


@dataclass(frozen=True)
class Group:
    """Students whose work is alike: each with one of the others at least.

    Attributes:
        slug: the lesson.
        exercise: which of its exercises; empty for all of them together.
        students: who, at least two.
        of: how many students wrote something of their own there.
        how: the same file, notebooks the same to the letter, or the same code.
        share: how much of what is their own they have in common, 0 to 1; the least
            of the pairs that are alike.
        size: how much that is: the larger, the less it is chance.
    """

    slug: str
    exercise: str
    students: tuple[str, ...]
    of: int
    how: How
    share: float = 1.0
    size: int = 0


@dataclass(frozen=True)
class Known:
    """What of an exercise is nobody's own work.

    Attributes:
        prints: fingerprints of the stub, of the lesson's own cells and answers.
        stubs: forms of what was given out, in each language.
    """

    prints: frozenset[int] = frozenset()
    stubs: frozenset[str] = frozenset()


@dataclass
class _Room:
    """What was handed in for one lesson, as far as it is compared."""

    files: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    letters: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    prints: dict[str, dict[str, frozenset[int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    size: int = 0


def known(lessons: Iterable[Lesson]) -> dict[tuple[str, str], Known]:
    """What is nobody's own work, by lesson and exercise."""
    from bmkit.course.source.loading import source_of
    from bmkit.course.source.regions import stub

    found = {}
    for lesson in lessons:
        source = source_of(lesson)
        code = [cell for cell in source.cells if not cell.markdown]
        shown = [cell.source for cell in code if cell.kind in ("code", "equation")]
        given = frozenset[int]().union(*map(fingerprints, shown))
        for cell in source.exercises():
            kinds = ("exercise", "variant", "mistake")
            ours = [one for kind in kinds for one in source.of(kind, cell.name)]
            texts = {one.text(lang) for one in ours for lang in ("en", "zh")}
            stubs = {stub(cell.text(lang)) for lang in ("en", "zh")}
            found[lesson.slug, cell.name] = Known(
                given.union(*map(fingerprints, texts | stubs)),
                frozenset(map(form, stubs)),
            )
    return found


def groups(
    works: Iterable[Work], ours: dict[tuple[str, str], Known] | None = None
) -> list[Group]:
    """Find whose work is alike.

    Args:
        works: one at a time is looked at and none kept.
        ours: what `known` gave; without it what was given out cannot be told from work.

    Returns:
        the groups; what is plainest first, of code that of few students and of which
        there is much, which chance explains least.
    """
    ours = ours or {}
    rooms: dict[str, _Room] = defaultdict(_Room)
    for work in works:
        _enter(rooms[work.slug], work, ours)
    found: list[Group] = []
    for slug, room in rooms.items():
        found += _groups(slug, room)
    return sorted(
        found,
        key=lambda g: (HOWS.index(g.how), len(g.students), -g.size, g.slug, g.exercise),
    )


def work_of(verdict: Verdict) -> Work:
    """What there is to compare in a verdict."""
    names = {mark.exercise for mark in verdict.marks}
    answers = {}
    for cell in verdict.cells():
        name = nbgrader_cells.grade_id(cell)
        if name in names:
            answers[name] = as_text(cell.get("source"))
    wrong = frozenset(m.exercise for m in verdict.marks if m.points < m.of)
    return Work(verdict.student, verdict.slug, answers, wrong, verdict.key)


def _enter(room: _Room, work: Work, ours: dict[tuple[str, str], Known]) -> None:
    """Note what of someone's work is compared."""
    written = {}
    for name, code in work.answers.items():
        lesson = ours.get((work.slug, name), Known())
        if code.strip() and form(code) not in lesson.stubs:
            written[name] = code
            room.prints[name][work.student] = fingerprints(code) - lesson.prints
    if not written:
        return
    room.size += 1
    if work.key:
        room.files[work.key].append(work.student)
    texts = {name: code.strip() for name, code in written.items()}
    words = sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts.values())
    if words >= WORDS and work.wrong & texts.keys():
        text = json.dumps(sorted(texts.items()))
        digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
        room.letters[digest].append(work.student)


def _groups(slug: str, room: _Room) -> list[Group]:
    found: list[Group] = []

    def add(group: Group) -> None:
        """What was said of these students before, more plainly, is not said again."""
        for before in found:
            same = before.exercise in ("", group.exercise) or not group.exercise
            if same and set(group.students) <= set(before.students):
                return
        found.append(group)

    sames: list[tuple[How, dict[str, list[str]]]]
    sames = [("file", room.files), ("notebook", room.letters)]
    for how, same in sames:
        for students in same.values():
            if len(students) > 1:
                add(Group(slug, "", tuple(sorted(students)), room.size, how))
    together: dict[str, frozenset[int]] = defaultdict(frozenset)
    for exercise, prints in room.prints.items():
        own = _own(prints)
        for alike in _alike(own):
            add(Group(slug, exercise, alike[0], len(prints), "code", *alike[1:]))
        # What is alike is so in the same exercise.
        salt = crc32(exercise.encode("utf-8", "replace"))
        for student, mine in own.items():
            together[student] |= {one ^ salt for one in mine}
    for alike in _alike(together):
        add(Group(slug, "", alike[0], room.size, "code", *alike[1:]))
    return found


def _own(prints: dict[str, frozenset[int]]) -> dict[str, frozenset[int]]:
    """Each student's fingerprints without those that much of the room has."""
    counts = Counter(itertools.chain.from_iterable(prints.values()))
    most = max(MANY, MOST * len(prints))
    common = {one for one, count in counts.items() if count > most}
    return {student: mine - common for student, mine in prints.items()}


def _alike(
    prints: dict[str, frozenset[int]],
) -> Iterator[tuple[tuple[str, ...], float, int]]:
    """Students who are alike, the least share of a pair of them, and its size."""
    same: dict[frozenset[int], list[str]] = defaultdict(list)
    for student, mine in prints.items():
        if len(mine) >= SHARED:
            same[mine].append(student)
    clusters: list[tuple[list[frozenset[int]], tuple[float, int]]] = []
    for mine in same:
        members, least = [mine], (1.0, len(mine))
        apart = []
        for others, weakest in clusters:
            if links := [link for one in others if (link := _link(mine, one))]:
                members += others
                least = min(least, weakest, *links)
            else:
                apart.append((others, weakest))
        clusters = [*apart, (members, least)]
    for members, (share, size) in clusters:
        students = sorted(name for mine in members for name in same[mine])
        if len(students) > 1:
            yield tuple(students), share, size


def _link(one: frozenset[int], other: frozenset[int]) -> tuple[float, int] | None:
    """The share and number of what two answers have in common, if that is a lot."""
    shared = len(one & other)
    share = shared / min(len(one), len(other))
    return (share, shared) if shared >= SHARED and share >= SHARE else None
