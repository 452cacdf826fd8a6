"""The folder `lessons/`: does it hold what the sources give? If not, it is written.

Somebody may have worked in it, though `bmkit lab` opens copies: what they wrote is kept
in `my-lessons/` before a notebook is written anew, and is no fault of the folder's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from bmkit import atomic
from bmkit.course import state
from bmkit.course.build import kept_copies, seal
from bmkit.course.build.release import built
from bmkit.course.source.catalog import Course
from bmkit.errors import writing
from bmkit.language import LANGS

Told = Callable[[Path, Path], object]


def differences(course: Course) -> list[str]:
    """How ``lessons/`` differs from what the sources give, a line each."""
    home = course.built
    wanted = built(course)
    lines = []
    for path, text in sorted(wanted.items()):
        if why := difference(course, path, text):
            lines.append(f"lessons/{path.as_posix()}: {why}")
    for path in _notebooks(home):
        name = path.relative_to(home)
        if name not in wanted and (_committed(course, path) or not _work(path)):
            lines.append(f"lessons/{name.as_posix()}: no source gives it")
    return lines


def difference(course: Course, path: Path, text: str) -> str:
    """How one notebook differs from ``text``; empty where only a reader's work does.

    Args:
        course: whose.
        path: the notebook, below ``lessons/``.
        text: what its source gives.
    """
    target = course.built / path
    if not target.is_file():
        return "missing"
    found = _text(target)
    if found == text:
        return ""
    book = seal.read(found)
    same = seal.version(book) == seal.version(seal.read(text))
    # What is committed is the project's: nobody's work explains that it differs.
    worked = same and seal.has_work(book) and not _committed(course, target)
    return "" if worked else "differs from its source"


def write(course: Course, kept: Told = lambda *_: None) -> list[Path]:
    """Write ``lessons/``; return the files that changed. Nothing on a problem.

    Args:
        course: whose.
        kept: called with a notebook that holds somebody's work and the place of its
            copy, before it is written anew.

    Raises:
        CannotWrite: a file, or a copy of somebody's work, cannot be written.
    """
    home = course.built
    wanted = built(course)
    changed = []
    for path, text in wanted.items():
        target = home / path
        if not target.is_file() or _text(target) != text:
            _keep(course, target, kept)
            with writing(target):
                atomic.write(target, text)
            changed.append(target)
    for path in _notebooks(home):
        if path.relative_to(home) not in wanted:
            _keep(course, path, kept)
            path.unlink()
            changed.append(path)
    return changed


def _keep(course: Course, path: Path, kept: Told) -> None:
    # What is committed is not lost, and a notebook from before has no mark.
    if path.is_file() and _work(path) and not _committed(course, path):
        with writing(course.mine):
            state.ignored(course.mine)
        place = course.mine / path.relative_to(course.built)
        kept(path, kept_copies.keep(path, place))


def _work(path: Path) -> bool:
    return seal.has_work(seal.read(_text(path)))


def _text(path: Path) -> str:
    """What stands in a file; of one that is no text, what can be read."""
    return path.read_text(encoding="utf-8", errors="replace")


def _committed(course: Course, path: Path) -> bool:
    """Whether git has the file as it stands; False where there is no git."""
    words = ["git", "--no-optional-locks", "-C", str(course.root)]
    tracked = [*words, "ls-files", "--error-unmatch", "--", str(path)]
    same = [*words, "diff", "--quiet", "HEAD", "--", str(path)]
    try:
        return not any(
            subprocess.run(one, capture_output=True, check=False).returncode
            for one in (tracked, same)
        )
    except OSError:
        return False


def _notebooks(home: Path) -> list[Path]:
    found = [path for lang in LANGS for path in (home / lang).rglob("*.ipynb")]
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]
