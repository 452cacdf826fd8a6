"""The page that a learner's JupyterLab opens with: every lesson, one click away."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from bmkit import atomic
from bmkit.course.build import kept_copies
from bmkit.course.build.my_lessons import Copy
from bmkit.course.words import say
from bmkit.errors import BmkitError, writing
from bmkit.lab import progress

NAMES = {"en": "start.md", "zh": "开始.md"}
HEADS = ("solved", "lesson", "minutes", "before", "says")


def write(folder: Path, copies: list[Copy], lang: str) -> Path:
    """Write the page; return its path. One that somebody changed is kept beside.

    Args:
        folder: the learner's folder of this language.
        copies: every lesson in it.
        lang: the language of the page.

    Raises:
        CannotWrite: it cannot be written.
    """
    path = folder / NAMES[lang]
    text = page(folder, copies, lang)
    with writing(path):
        if path.is_file() and not _ours(path):
            kept_copies.keep(path, path.with_name(f"{path.stem}.old-1.md"))
        return atomic.write(path, text + _mark(text))


def page(folder: Path, copies: list[Copy], lang: str) -> str:
    """The page, in Markdown: where to go on, and a table of the lessons."""
    done = _done()
    right = {copy.lesson.slug: _solved(copy, done) for copy in copies}
    links = {copy.lesson.slug: _link(copy, folder, lang) for copy in copies}
    whole = [c for c in copies if c.exercises and right[c.lesson.slug] == c.total]
    lines = [f"# {say('start.title', lang)}", "", say("start.how", lang), ""]
    if following := next((c for c in copies if c not in whole and c.exercises), None):
        key = "start.onward" if any(right.values()) else "start.begin"
        lines += [say(key, lang, lesson=links[following.lesson.slug]), ""]
    lines += [say("start.so_far", lang, solved=len(whole), count=len(copies)), ""]
    lines += [_row(say(f"start.{head}", lang) for head in HEADS)]
    lines += [_row("---" for _ in HEADS)]
    for copy in copies:
        lesson = copy.lesson
        title = links[lesson.slug]
        if copy.newer:
            title += f"<br>{say('start.newer', lang, slug=lesson.slug)}"
        before = [links[slug] for slug in lesson.needs if slug in links]
        before += [say("start.extra", lang, extra=extra) for extra in lesson.extras]
        mark = "✓ " if copy in whole else ""
        solved = f"{mark}{right[lesson.slug]}/{copy.total}"
        cells = [solved, title, lesson.minutes, "<br>".join(before), lesson.says[lang]]
        lines.append(_row(cells))
    return "\n".join([*lines, "", say("start.renewed", lang), ""])


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"


def _link(copy: Copy, folder: Path, lang: str) -> str:
    title = copy.lesson.title[lang].replace("[", r"\[").replace("]", r"\]")
    return f"[{title}]({quote(copy.path.relative_to(folder).as_posix())})"


def _solved(copy: Copy, done: progress.Record) -> int:
    mine = done.get(copy.lesson.slug, {})
    return sum(progress.solved(mine.get(name)) for name in copy.exercises)


def _done() -> progress.Record:
    with contextlib.suppress(BmkitError):  # a broken record is told by `progress`
        return progress.load()
    return {}


def _mark(text: str) -> str:
    """The last line, not shown, by which a change of the page is noticed."""
    return f"\n<!-- bmkit {hashlib.sha256(text.encode()).hexdigest()[:16]} -->\n"


def _ours(path: Path) -> bool:
    """Whether a page stands as it was written."""
    text = path.read_text(encoding="utf-8", errors="replace")
    body, cut, _ = text.rpartition("\n<!-- bmkit ")
    return bool(cut) and text == body + _mark(body)
