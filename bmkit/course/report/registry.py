"""All that all lessons claim, in one list: two lessons must not say two things.

Every sentence is the source's. Its numbers are those of the lesson's last runs, one a
profile; a sentence that none of them said is not measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bmkit.course.build.cache import kept
from bmkit.course.run import measured
from bmkit.course.run.measured import Measured
from bmkit.course.run.result import Claim
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.source.claims import Stated, stated
from bmkit.course.source.loading import source_of

PROFILES = ("ci", "workshop", "full")


@dataclass(frozen=True)
class Run:
    """What one run measured for a claim; ``stale``: its lesson has changed since."""

    profile: str
    device: str
    stale: bool
    claim: Claim


@dataclass(frozen=True)
class Entry:
    """A claim: where it stands, its sentence in both languages, and its numbers."""

    lesson: str
    title: dict[str, str]
    path: str  # below the course
    line: int
    sentence: dict[str, str]
    against: str
    certain: str
    runs: list[Run] = field(default_factory=list)

    def has(self, words: Iterable[str]) -> bool:
        """Whether every word stands in it, in either language, in its slug or title."""
        said = [*self.sentence.values(), self.against, self.certain, self.lesson]
        said += self.title.values()
        for run in self.runs:
            said += [run.claim["text"], run.claim["against"], run.claim["certain"]]
        text = "\n".join(said).lower()
        return all(word.lower() in text for word in words)


def entries(course: Course, lang: str = "en") -> list[Entry]:
    """Every claim of every lesson that can be read, in the course's order.

    Args:
        course: whose.
        lang: the language whose runs come first; one in the other stands in, where it
            alone is of the lesson as it is.
    """
    runs: dict[str, list[Measured]] = {}
    for one in measured.read(course.results):
        runs.setdefault(one.slug, []).append(one)
    return [
        _entry(lesson, said, runs.get(lesson.slug, []), lang)
        for lesson in course.readable()[0]
        for said in _stated(lesson)
    ]


def _stated(lesson: Lesson) -> list[Stated]:
    try:
        return kept(lesson, "claims", list[Stated], lambda: stated(source_of(lesson)))
    except SourceError:
        return []  # building and running tell what is wrong with it


def _entry(lesson: Lesson, said: Stated, runs: list[Measured], lang: str) -> Entry:
    found = []
    now = measured.source_hash(lesson) if runs else ""
    for profile in PROFILES:
        of_it = [one for one in runs if one.profile == profile]
        # First one of the source as it is; of two such, one in the language asked for.
        of_it.sort(key=lambda one: (one.source != now, one.lang != lang))
        for one in of_it[:1]:
            found += [
                Run(profile, one.device, one.source != now, claim)
                for claim in one.claims
                if said.says(claim["text"])
            ]
    return Entry(
        lesson=lesson.slug,
        title=lesson.title,
        path=lesson.path.relative_to(lesson.course.root).as_posix(),
        line=said.line,
        sentence={"en": said.text, "zh": said.chinese},
        against=said.against,
        certain=said.certain,
        runs=found,
    )
