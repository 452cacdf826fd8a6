"""Folders that git ignores, whoever's course it is: the kit's own, the learner's."""

from __future__ import annotations

from pathlib import Path


def make(folder: Path) -> Path:
    """Make ``folder``, somewhere below a ``.bmkit``, where it is not there; return it.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ignored(next((one for one in folder.parents if one.name == ".bmkit"), folder))
    return folder


def ignored(folder: Path) -> Path:
    """Make ``folder`` where it is not there, and let git ignore it; return it.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder
