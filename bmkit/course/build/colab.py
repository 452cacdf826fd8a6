"""A lesson on Colab or Kaggle: the link that opens it, the cell that installs bmkit.

Both come of one address, ``home`` in ``[tool.bmkit]`` of the course's pyproject.toml; a
course without it has neither.
"""

from __future__ import annotations

from urllib.parse import quote

from bmkit.course.source.catalog import Lesson
from bmkit.course.words import say

GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com/github/"
BRANCH = "main"
# Where bmkit is, nothing happens, and no name but the lesson's own `bm` is left.
CELL = """\
# {about}
try:
    import bmkit as bm
except ModuleNotFoundError:
    import subprocess, sys

    command = [sys.executable, "-m", "pip", "install", "-q", "{what}"]
    if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        print("{failed}")"""


def link(lesson: Lesson, lang: str) -> str:
    """The link that opens the lesson on Colab; empty where it is not on GitHub."""
    home = lesson.course.address()
    if not home.startswith(GITHUB):
        return ""
    project = home.removeprefix(GITHUB).removesuffix(".git")
    place = quote(f"lessons/{lang}/{lesson.built.as_posix()}")
    url = f"{COLAB}{project}/blob/{BRANCH}/{place}"
    return f"[{say('notebook.colab', lang)}]({url})"


def install(home: str, lang: str) -> str:
    """The code that installs bmkit where it is missing; empty without an address."""
    what = f"bmkit @ git+{home}"
    return home and CELL.format(
        about=say("notebook.install", lang),
        what=what,
        failed=say("notebook.offline", lang),
    )
