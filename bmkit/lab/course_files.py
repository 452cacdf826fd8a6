"""Where the files of the course lie: notebooks, their sources, the cards of data."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
INSIDE = PACKAGE / "_course"  # a wheel carries the course inside the package


def folder() -> Path:
    """The folder with ``lessons/`` and ``solutions/``.

    That is the one that ``BMKIT_COURSE`` names (`bmkit lab` sets it for its kernels),
    or what the wheel carries, or the checkout that this package belongs to.
    """
    named = os.environ.get("BMKIT_COURSE")
    if named:
        return Path(named)
    return INSIDE if INSIDE.is_dir() else PACKAGE.parent
