"""What a report shows of each lesson, in files beside it: pictures, and the notebook.

The notebook lies there as a page to read, and as it is. What is there from an earlier
report and is the same is not written again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bmkit import atomic
from bmkit.course.report import pages
from bmkit.course.report.notebook_view import NotebookView
from bmkit.course.run.result import Result
from bmkit.course.words import say

NOTEBOOKS, PICTURES = "notebooks", "pictures"
OURS = re.compile(r".+-\d+-[0-9a-f]{12}\.png")  # a picture of an earlier report


@dataclass(frozen=True)
class Picture:
    """A picture of a lesson: its file, from the report's folder, and what is on it."""

    place: str
    alt: str


@dataclass(frozen=True)
class Shown:
    """A lesson's files: its pictures, and whether there is a notebook."""

    pictures: list[Picture] = field(default_factory=list)
    notebook: bool = False


def write(folder: Path, results: list[Result], lang: str) -> dict[str, Shown]:
    """Write the files of every lesson; return what there is, by slug.

    Args:
        folder: the report's.
        results: of the run.
        lang: the language of what stands around a notebook.

    Raises:
        OSError: a file cannot be written.
    """
    shown = {}
    for result in results:
        if result.notebook:
            _notebook(folder / NOTEBOOKS, result, lang)
        pictures = _pictures(folder, result)
        shown[result.slug] = Shown(pictures, bool(result.notebook))
    used = {one.place for each in shown.values() for one in each.pictures}
    for path in (folder / PICTURES).glob("*.png"):
        if OURS.fullmatch(path.name) and f"{PICTURES}/{path.name}" not in used:
            path.unlink(missing_ok=True)
    return shown


def _pictures(folder: Path, result: Result) -> list[Picture]:
    found = []
    for number, figure in enumerate(result.figures, 1):
        try:
            raw = base64.b64decode(figure["png"])
        except binascii.Error:  # no picture; the notebook's page says so
            continue
        name = f"{result.slug}-{number}-{hashlib.sha256(raw).hexdigest()[:12]}.png"
        path = folder / PICTURES / name
        if not path.is_file():
            with atomic.draft(path) as made:
                made.write_bytes(raw)
        found.append(Picture(f"{PICTURES}/{name}", figure["alt"]))
    return found


def _notebook(folder: Path, result: Result, lang: str) -> None:
    """The notebook as it ran, as a page and as it is."""
    page = folder / f"{result.slug}.html"
    source = _source(result, lang)
    if _made_from(page) == source and page.with_suffix(".ipynb").is_file():
        return
    atomic.write(page.with_suffix(".ipynb"), result.notebook)
    view = NotebookView(lang, whole=True)
    view.read(result.notebook)
    text = pages.template("notebook.html").render(
        lang="zh-CN" if lang == "zh" else "en",
        say=partial(say, lang=lang),
        title=result.title,
        source=source,
        cells=view.cells,
        notes=view.notes,
    )
    atomic.write(page, text)


def _source(result: Result, lang: str) -> str:
    """What a page is made from, as a hash: the notebook and the kit's own template."""
    template = (pages.TEMPLATES / "notebook.html").read_text(encoding="utf-8")
    text = "\n".join([lang, result.title, template, result.notebook])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _made_from(page: Path) -> str:
    """What an earlier page says of that; empty where there is none."""
    try:
        with page.open(encoding="utf-8", errors="replace") as file:
            found = re.search(r'name="bmkit-source" content="(\w+)"', file.read(20_000))
    except OSError:
        return ""
    return found[1] if found else ""
