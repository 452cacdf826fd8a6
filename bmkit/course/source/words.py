"""Words in their order: a term is explained before it is used.

A lesson uses a term of the glossary only after it has introduced it, in bold, in both
languages, or after a lesson that it needs has. The course's first lesson counts for
all. What a glossary calls known needs no introduction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import Problem, Source
from bmkit.course.source.glossary import glossary, places

BOLD = re.compile(r"\*\*(?!\s)(.+?)(?<!\s)\*\*", re.DOTALL)
# A link, its address too, and what stands in italics: titles, above all.
ASIDE = re.compile(
    r"\[[^\[\]]*\]\([^()\s]*\)"
    r"|(?<![*\\])\*(?![*\s])(?:[^*$`\n]|\n(?!\s*\n)|\*\*)+?(?<![*\s])\*(?!\*)"
)


@dataclass(frozen=True)
class Use:
    """What a lesson does with a term: lines of its source, 0 for none.

    Attributes:
        line: where its English prose first has it.
        bold: where it stands in bold.
        chinese: where that is, if its translation stands in bold there, too.
        before: whether the first use is in an earlier cell than the first bold.
    """

    line: int
    bold: int = 0
    chinese: int = 0
    before: bool = False


def uses(source: Source) -> dict[str, Use]:
    """The glossary's terms in a source's prose and hints; forms count as their term."""
    words = glossary(source.path.parents[1])
    first: dict[str, tuple[int, int]] = {}  # by term: the cell's number, the line
    bold: dict[str, tuple[int, int, bool]] = {}
    for number, cell in enumerate(source.cells):
        if cell.kind not in ("prose", "hint"):
            continue
        plain = ASIDE.sub(lambda aside: "\n" * aside[0].count("\n"), cell.source)
        for term, below in places(plain, source.path.parents[1]):
            line = cell.line + 1 + below
            first.setdefault(words.base(term), (number, line))
        chinese = " ".join(BOLD.findall(cell.twin.source if cell.twin else ""))
        chinese = re.sub(r"\s+", "", chinese).lower()
        for said in BOLD.finditer(cell.source):
            for term, below in places(said[1], source.path.parents[1]):
                base = words.base(term)
                line = cell.line + 1 + below + cell.source.count("\n", 0, said.start())
                also = any(
                    re.sub(r"\s+", "", word).lower() in chinese
                    for word in (*words.terms[term], *words.terms[base])
                )
                if base not in bold or (also and not bold[base][2]):
                    bold[base] = number, line, also
    found = {}
    for term in first | bold:
        where, at, also = bold.get(term, (0, 0, False))
        number, line = first.get(term, (where, at))
        found[term] = Use(line, at, at if also else 0, at > 0 and number < where)
    return found


def problems(
    lessons: list[Lesson], used: Mapping[str, Mapping[str, Use]]
) -> Iterator[Problem]:
    """Terms that come too early, or are not introduced where they should be.

    Args:
        lessons: a course's, in order.
        used: what each does with terms, by its slug: `uses`.
    """
    by_slug = {lesson.slug: lesson for lesson in lessons}
    for lesson in lessons:
        earlier = [by_slug[slug] for slug in _before(lesson, by_slug)]
        earlier += [one for one in lessons[:1] if one is not lesson]
        told = {term: one.slug for one in earlier for term in _introduced(one)}
        # What is at home in one of them is missed there, not here.
        homes = {slug for slug in by_slug if by_slug[slug] not in earlier}
        for line, message in _lesson(lesson, used[lesson.slug], told, homes):
            yield Problem(lesson.path, line, message)


def _lesson(
    lesson: Lesson,
    used: Mapping[str, Use],
    told: Mapping[str, str],
    homes: set[str],
) -> Iterator[tuple[int, str]]:
    words = glossary(lesson.course.solutions)
    own = _introduced(lesson)
    for term in sorted(own & set(words.terms)):
        use = used.get(term)
        if term in told and words.homes.get(term) != lesson.slug:
            yield 1, f"introduces {term!r}, as {told[term]}, which it needs, does"
        elif use is None or not use.bold:
            yield 1, f"introduces {term!r}, which stands nowhere in bold"
        elif not use.chinese:
            wanted = " or ".join(f"**{word}**" for word in words.terms[term])
            yield use.bold, f"introduces {term!r}, but in Chinese not in bold: {wanted}"
        elif use.before:
            yield use.line, f"uses {term!r} before it introduces it (line {use.bold})"
    for term, use in used.items():
        home = words.homes.get(term, "")
        if term in own or term in words.known:
            continue
        if home == lesson.slug:  # even if a lesson before had to say what it is
            yield use.line, f"uses {term!r}, which is at home here: introduce it"
        elif term in told:
            continue
        elif home in homes:
            message = f"uses {term!r}, which it does not introduce, nor does a lesson "
            yield use.line, f"{message}that it needs ({home} does)"
        elif not home:
            message = f"uses {term!r}, which is neither known nor at home anywhere"
            yield use.line, message
    ours = {term for term, home in words.homes.items() if home == lesson.slug}
    for term in sorted(ours - own - set(used)):
        yield 1, f"never says {term!r}, which is at home here"


def _introduced(lesson: Lesson) -> set[str]:
    base = glossary(lesson.course.solutions).base
    return {base(term) for term in lesson.introduces}


def _before(lesson: Lesson, by_slug: Mapping[str, Lesson]) -> list[str]:
    """The slugs of all lessons that one builds on, through others too."""
    found: list[str] = []
    waiting = list(lesson.needs)
    while waiting:
        slug = waiting.pop()
        if slug in by_slug and slug not in found and slug != lesson.slug:
            found.append(slug)
            waiting += by_slug[slug].needs
    return found
