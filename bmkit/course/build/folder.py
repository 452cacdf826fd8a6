"""The folder `lessons/`: does it hold what the sources give? If not, it is written."""

from __future__ import annotations

from pathlib import Path

from bmkit.course.build.release import built
from bmkit.course.source.catalog import Course
from bmkit.language import LANGS


def differences(course: Course) -> list[str]:
    """How ``lessons/`` differs from what the sources give, a line each."""
    home = course.built
    wanted = built(course)
    lines = []
    for path, text in sorted(wanted.items()):
        target = home / path
        if not target.is_file():
            lines.append(f"lessons/{path.as_posix()}: missing")
        elif target.read_text(encoding="utf-8") != text:
            lines.append(f"lessons/{path.as_posix()}: differs from its source")
    for path in _notebooks(home):
        if path.relative_to(home) not in wanted:
            name = path.relative_to(home).as_posix()
            lines.append(f"lessons/{name}: no source gives it")
    return lines


def write(course: Course) -> list[Path]:
    """Write ``lessons/``; return the files that changed. Nothing on a problem."""
    home = course.built
    wanted = built(course)
    changed = []
    for path, text in wanted.items():
        target = home / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            changed.append(target)
    for path in _notebooks(home):
        if path.relative_to(home) not in wanted:
            path.unlink()
            changed.append(path)
    return changed


def _notebooks(home: Path) -> list[Path]:
    found = [path for lang in LANGS for path in (home / lang).rglob("*.ipynb")]
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]
