"""A course folder that stock nbgrader takes as its own.

``nbgrader generate_assignment``, ``validate``, ``autograde``, ``generate_feedback`` and
the buttons in JupyterLab work in it as in any course made by hand.
"""

from __future__ import annotations

from pathlib import Path

from bmkit.course.build import notebooks
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


def write(folder: Path, lessons: list[Lesson], *, lang: str = "en") -> list[str]:
    """Write ``nbgrader_config.py`` and ``source/<slug>/<slug>.ipynb``.

    Args:
        folder: the course folder, made when missing; a config there is kept.
        lessons: which lessons.
        lang: the language of the assignments.

    Returns:
        the assignments' names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")
    for lesson in lessons:
        home = folder / "source" / lesson.slug
        home.mkdir(parents=True, exist_ok=True)
        text = notebooks.dumps(notebooks.source_notebook(lesson, lang))
        (home / f"{lesson.slug}.ipynb").write_text(text, encoding="utf-8")
    return [lesson.slug for lesson in lessons]
