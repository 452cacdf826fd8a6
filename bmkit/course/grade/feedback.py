"""The page a learner gets back: points and reasons, then the notebook as it ran.

A stranger wrote the notebook, so nothing of it reaches the page as markup of its own.
Code and outputs are escaped text; prose is rendered from Markdown by an allow-list,
then cleaned; a picture is one only if its bytes say so. Behind that stands the page's
content security policy, which lets nothing run and nothing load.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from functools import partial
from pathlib import Path

from bmkit import atomic
from bmkit.course.build import nbgrader_cells
from bmkit.course.grade import deadlines, receipt
from bmkit.course.grade.result import Verdict
from bmkit.course.grade.student_names import names_folder
from bmkit.course.report import pages
from bmkit.course.report.notebook_view import NotebookView
from bmkit.course.report.sanitize import prose, seen
from bmkit.course.words import say
from bmkit.language import LANGS

LONGEST = 180  # bytes of a page's name; its ending and a draft's are added
HEAD = 2_000  # bytes of a page in which its mark stands


def page(verdict: Verdict, made_from: Path | None = None) -> str:
    """The feedback on one graded notebook, as HTML that is safe to open.

    Whatever state the notebook is in, there is a page; what cannot be shown is said.

    Args:
        verdict: what grading came to.
        made_from: the file that was graded; its page is known by it (`page_path`).
    """
    lang = verdict.lang if verdict.lang in LANGS else "en"
    shown = NotebookView(
        lang, {nbgrader_cells.check_id(mark.exercise): mark for mark in verdict.marks}
    )
    shown.read(verdict.notebook)
    return pages.template("feedback.html").render(
        lang="zh-CN" if lang == "zh" else "en",
        say=partial(say, lang=lang),
        verdict=verdict,
        hints={
            mark.exercise: prose(seen(mark.hint), shown.not_loaded)
            for mark in verdict.marks
            if mark.hint
        },
        title=shown.title,
        cells=shown.cells,
        notes=shown.notes,
        places=shown.places,
        source=_mark(made_from) if made_from else "",
        late=deadlines.told(verdict.late, verdict.percent, lang),
    )


def page_path(folder: Path, notebook: Path) -> Path:
    """Where the page of a single file goes: under a name that no other file's page has.

    ``welcome.feedback.html``; where another ``welcome.ipynb`` has that one already,
    ``bob-welcome.feedback.html``, after the folder that the notebook lies in.
    """
    stem, mark = notebook.stem, _mark(notebook)
    names = [stem, f"{notebook.resolve().parent.name}-{stem}"]
    for number in itertools.count():
        name = names[number] if number < 2 else f"{names[1]}-{number}"
        if len(name.encode()) > LONGEST:
            name = f"{name.encode()[:LONGEST].decode('utf-8', 'ignore')}-{mark}"
        path = folder / f"{name}.feedback.html"
        if not path.is_file() or mark.encode() in path.read_bytes()[:HEAD]:
            return path
    raise AssertionError("numbers have no end")


def _mark(notebook: Path) -> str:
    """By what a notebook's page is known; it does not tell where the file lies."""
    path = os.fsencode(notebook.resolve())
    return hashlib.sha256(path).hexdigest()[:16]


def write(
    folder: Path, verdict: Verdict, submitted: str = "", secret: str = ""
) -> Path:
    """Write the page where nbgrader keeps it; whole or not at all.

    Args:
        folder: the course's; the page is ``feedback/<student>/<slug>/<slug>.html``.
        verdict: what grading came to. One's own work is ``learner``'s.
        submitted: as for `gradebook.write_notebook`.
        secret: as well.

    Raises:
        ValueError: the student's name or the slug cannot name a folder.
    """
    student = verdict.student or "learner"
    for name in (student, verdict.slug):
        if not names_folder(name):
            raise ValueError(f"{name[:60]!r} cannot name a folder: no feedback written")
    home = folder / "feedback" / student / verdict.slug
    receipt.write(home, submitted, secret)
    return rewrite(folder, verdict)


def rewrite(folder: Path, verdict: Verdict) -> Path:
    """Write the page alone once more, where `write` has put it."""
    home = folder / "feedback" / (verdict.student or "learner") / verdict.slug
    target = atomic.write(home / f"{verdict.slug}.html", page(verdict))
    target.chmod(0o644)  # as nbgrader's: the exchange hands it on with its mode
    return target
