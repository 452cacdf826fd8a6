"""Files that are about to be replaced are kept beside, under a name of their own."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

from bmkit import atomic
from bmkit.errors import writing


def keep(path: Path, target: Path) -> Path:
    """Copy ``path`` to ``target``, or beside it where another file has that name.

    Returns:
        where the copy is. A file there that is the same is the copy.

    Raises:
        CannotWrite: it cannot be copied; nothing has changed.
    """
    content = path.read_bytes()
    for place in _places(target):
        if place.is_file() and place.read_bytes() == content:
            return place
        if not place.exists() and not place.is_symlink():
            with writing(place), atomic.draft(place) as made:
                shutil.copy2(path, made)
            return place
    raise AssertionError("there is always one more name")


def _places(target: Path) -> itertools.chain[Path]:
    """``target``, then ``name.old-1.ipynb``, ``name.old-2.ipynb`` and so on."""
    beside = (
        target.with_name(f"{target.stem}.old-{number}{target.suffix}")
        for number in itertools.count(1)
    )
    return itertools.chain([target], beside)
