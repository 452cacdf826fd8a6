"""A course folder that stock nbgrader takes as its own.

``nbgrader generate_assignment``, ``validate``, ``autograde``, ``generate_feedback`` and
the buttons in JupyterLab work in it as in any course made by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bmkit import atomic
from bmkit.course.build import kept_copies, notebooks, seal
from bmkit.course.source import links
from bmkit.course.source.catalog import Lesson

CONFIG = '''"""Made by `bmkit build --nbgrader`; change what you like."""

from pathlib import Path

from sqlalchemy.engine import URL

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "bmkit"
# The grade book's address. nbgrader's own is wrong where a folder's name has ? or %.
book = Path(__file__).absolute().with_name("gradebook.db")
c.CourseDirectory.db_url = URL.create("sqlite", database=str(book)).render_as_string()
# A cell that trains may take minutes on a slow machine.
c.ExecutePreprocessor.timeout = 600
c.ExecutePreprocessor.startup_timeout = 120
# Behind walls, and several times faster, with bmkit installed beside nbgrader:
# c.ExecutePreprocessor.kernel_name = "bmkit-sandbox"  # "bmkit": warm, without walls
# c.WarmProvisioner.limits = {"memory": 4096}  # MiB; names as in `bmkit grade --help`
'''


@dataclass(frozen=True)
class Written:
    """What came of writing a course folder.

    Attributes:
        assignments: their names.
        left: sources that the teacher has changed, and that stayed as they are.
        kept: copies of those that were replaced all the same.
        book: the grade book's address, where a config that was there already must name
            it, and does not.
    """

    assignments: list[str]
    left: list[Path]
    kept: list[Path]
    book: str = ""


def write(
    folder: Path, lessons: list[Lesson], *, lang: str = "en", force: bool = False
) -> Written:
    """Write ``nbgrader_config.py`` and ``source/<slug>/<slug>.ipynb``.

    Args:
        folder: the course folder, made when missing; a config there is kept.
        lessons: which lessons.
        lang: the language of the assignments.
        force: replace a source that the teacher has changed, too. A copy is kept in
            ``replaced/``: what lies in ``source/`` is handed out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nbgrader_config.py"
    book = _book_to_name(folder, config)
    if not config.exists():
        atomic.write(config, CONFIG)
    left, kept = [], []
    for lesson in lessons:
        name = f"{lesson.slug}.ipynb"
        path = folder / "source" / lesson.slug / name
        text = _source(lesson, {x.slug for x in lessons}, lang)
        if path.is_file() and path.read_text("utf-8", errors="replace") == text:
            continue
        if _changed(path, text):
            if not force:
                left.append(path)
                continue
            kept.append(kept_copies.keep(path, folder / "replaced" / name))
        atomic.write(path, text)
    return Written([lesson.slug for lesson in lessons], left, kept, book)


def _book_to_name(folder: Path, config: Path) -> str:
    """The grade book's address that a config must name and does not; else empty."""
    if not config.is_file() or "db_url" in config.read_text("utf-8", errors="replace"):
        return ""
    from sqlalchemy.engine import URL, make_url

    path = str((folder / "gradebook.db").absolute())
    if make_url(f"sqlite:///{path}").database == path:  # nbgrader's own way
        return ""
    return URL.create("sqlite", database=path).render_as_string()


def _source(lesson: Lesson, course: set[str], lang: str) -> str:
    """The assignment's source, whose links hold where assignments lie side by side."""
    book = notebooks.source_notebook(lesson, lang, assigned=True)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = links.between_assignments(cell.source, course)
    return notebooks.dumps(seal.seal(book))


def _changed(path: Path, text: str) -> bool:
    """Whether something is there that the build did not write; in doubt it is."""
    if not path.exists():
        return path.is_symlink()
    found = path.read_text(encoding="utf-8", errors="replace")
    return found != text and not seal.as_built(seal.read(found))
