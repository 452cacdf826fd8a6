"""Links to other lessons: ``[Attention](lesson:attention)`` in prose and in hints.

A source names the lesson by its slug. The page in a language links to that lesson's
notebook in the same language, wherever in the course it stands. A whole chapter is
named by its folder: ``[](chapter:05-language)`` becomes the links to all its lessons,
or says that they are to come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import PROSE, Problem, Source, both, nearest
from bmkit.course.words import say

LINK = re.compile(r"\[(?P<words>[^\[\]]*)\]\(lesson:(?P<slug>[^)\s]*)\)")
BUILT = re.compile(
    r"\[(?P<words>(?:\\.|[^\[\]\\])*)\]"
    r"\(\.\./[^/()\s]+/\d+-(?P<slug>[^/()\s]+)\.ipynb\)"
)
CHAPTER = re.compile(r"\[\]\(chapter:(?P<folder>[^)\s]*)\)")


def address(lesson: Lesson) -> str:
    """The way from any lesson's notebook to this one's, in the same language."""
    return f"../{lesson.built.as_posix()}"


def linked(text: str, source: Source, lang: str) -> str:
    """Markdown whose links to lessons and chapters are links to notebooks.

    A lesson that does not exist gives the words alone; `problems` tells of it.
    """
    if "](lesson:" not in text and "](chapter:" not in text:
        return text
    found = _lessons(source)
    text = CHAPTER.sub(lambda link: _chapter(link["folder"], found, lang), text)
    return LINK.sub(
        lambda link: (
            f"[{link['words']}]({address(found[link['slug']])})"
            if link["slug"] in found
            else link["words"]
        ),
        text,
    )


def _chapter(folder: str, found: dict[str, Lesson], lang: str) -> str:
    """Links to the lessons of a chapter, or that there are none yet."""
    inside = [x for x in found.values() if x.path.parent.name == folder]
    links = [f"[{lesson.title[lang]}]({address(lesson)})" for lesson in inside]
    return " · ".join(links) or say("links.to_come", lang)


def between_assignments(text: str, course: set[str]) -> str:
    """Built Markdown as an assignment of nbgrader's has it.

    Args:
        text: with links from notebook to notebook.
        course: the slugs of the course's assignments, which lie side by side; the
            words alone stay of a link to any other lesson.
    """
    return BUILT.sub(
        lambda link: (
            f"[{link['words']}](../{link['slug']}/{link['slug']}.ipynb)"
            if link["slug"] in course
            else link["words"]
        ),
        text,
    )


def unlinked(text: str) -> str:
    """Markdown with the words of its links to lessons, for where no notebook is."""
    return LINK.sub(lambda link: link["words"], text)


def problems(source: Source) -> Iterator[Problem]:
    """Links to lessons that do not exist, and translations that link elsewhere."""
    found = _lessons(source)
    for cell in source.cells:
        if cell.kind not in PROSE:
            continue
        for text, line in both(cell):
            slugs = [link["slug"] for link in LINK.finditer(text)]
            for slug in slugs:
                if slug not in found:
                    message = f"a link to lesson {slug!r}, which does not exist"
                    message += nearest(slug, found)
                    yield Problem(source.path, line, message)
            english = [link["slug"] for link in LINK.finditer(cell.source)]
            if sorted(slugs) != sorted(english):
                message = "the translation must link to the same lessons"
                yield Problem(source.path, line, message)


def _lessons(source: Source) -> dict[str, Lesson]:
    every, _ = Course(source.path.parents[2]).readable()
    return {lesson.slug: lesson for lesson in every}
