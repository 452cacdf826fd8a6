"""The exercises of the running lesson, as its notebook has them.

Tests and hints are locked cells, so any copy of the lesson has the same: the learner's
own file, or, where none is on disk, as on Colab, the one that comes with bmkit.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmkit.lab import course_files

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LARGEST = 100 * 2**20  # bytes of a file that may be a notebook
DEFINED = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)


@dataclass
class Exercise:
    """One exercise as the learner's notebook holds it.

    Attributes:
        name: what its card says.
        points: what it is worth.
        code: its check cell.
        defines: the functions and classes that its answer cell defines.
        hints: Markdown, the gentlest first.
    """

    name: str
    points: float
    code: str
    defines: tuple[str, ...] = ()
    hints: list[str] = field(default_factory=list)


def shell() -> InteractiveShell | None:
    """IPython, where it runs."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def of_lesson(slug: str | None, lang: str) -> dict[str, Exercise]:
    """The exercises of a lesson, by name; empty where no copy of it is found.

    The notebook that runs comes first, then those beside it, then bmkit's own. Of
    those beside it the ones in ``lang`` come first.

    Args:
        slug: the lesson; None for whichever notebook is here.
        lang: its language.
    """
    for book in _books(slug, lang):
        found = _read(book)
        if found:
            return found
    return {}


def _books(slug: str | None, lang: str) -> Iterator[dict[str, Any]]:
    """The notebooks of a lesson, the likeliest to be the running one first."""
    yield from _copies(_running(), slug)
    beside = list(_copies(_beside(), slug))
    yield from sorted(beside, key=lambda book: _meta(book).get("lang") != lang)
    if slug is not None:
        lessons = course_files.folder() / "lessons" / lang
        yield from _copies(sorted(lessons.glob(f"*/*-{slug}.ipynb")), slug)


def _copies(paths: list[Path], slug: str | None) -> Iterator[dict[str, Any]]:
    for path in paths:
        book = _book(path)
        if book is not None and slug in (None, _meta(book).get("slug")):
            yield book


def _running() -> list[Path]:
    """The notebook that runs, as JupyterLab and VS Code tell its name."""
    ipython = shell()
    named = [os.environ.get("JPY_SESSION_NAME")]
    if ipython is not None:
        named.append(ipython.user_ns.get("__vsc_ipynb_file__"))
    return [Path(name) for name in named if name and str(name).endswith(".ipynb")]


def _beside() -> list[Path]:
    try:
        return sorted(Path.cwd().glob("*.ipynb"))
    except OSError:  # the folder is gone, or may not be listed
        return []


def _book(path: Path) -> dict[str, Any] | None:
    """A notebook; None for whatever else bears such a name."""
    try:
        found = path.stat()
        if not path.is_file() or found.st_size > LARGEST:
            return None
        return _parsed(path, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=32)
def _parsed(path: Path, _changed: int, _size: int) -> dict[str, Any] | None:
    book = json.loads(path.read_text(encoding="utf-8-sig"))
    return book if isinstance(book, dict) else None


def _meta(holder: object) -> dict[str, Any]:
    """bmkit's metadata of a notebook or a cell; empty where it has none."""
    meta = _table(holder, "metadata")
    return _table(meta, "bmkit")


def _table(holder: object, key: str) -> dict[str, Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def _read(book: dict[str, Any]) -> dict[str, Exercise]:
    cells = book.get("cells")
    found: dict[str, Exercise] = {}
    defines: dict[str, tuple[str, ...]] = {}
    for cell in cells if isinstance(cells, list) else ():
        meta, text = _meta(cell), _source(cell)
        check, answer, hint = (meta.get(key) for key in ("check", "exercise", "hint"))
        if isinstance(answer, str):
            defines[answer] = tuple(DEFINED.findall(text))
        elif isinstance(check, str):
            points = _table(cell["metadata"], "nbgrader").get("points", 0)
            points = float(points) if isinstance(points, (int, float)) else 0.0
            found[check] = Exercise(check, points, text, defines.get(check, ()))
        elif isinstance(hint, str) and hint in found:
            body = text.split("</summary>", 1)[-1].replace("</details>", "")
            found[hint].hints.append(body.strip())
    return found


def _source(cell: object) -> str:
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""
