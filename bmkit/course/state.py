"""Folders that the kit keeps for itself: git ignores them, whoever's course it is."""

from __future__ import annotations

from pathlib import Path


def make(folder: Path) -> Path:
    """Make ``folder``, somewhere below a ``.bmkit``, where it is not there; return it.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    top = next((one for one in folder.parents if one.name == ".bmkit"), folder)
    ignore = top / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder
