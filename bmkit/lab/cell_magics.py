"""Cell magics: under most of them, the notebook does not keep what a cell defines."""

from __future__ import annotations

import re

KEEPING = ("time", "capture", "prun")  # these run the cell as code of the notebook


def loses(source: str) -> str:
    """The magic because of which a cell's names do not stay; empty if they do."""
    magic = re.match(r"\s*%%(\w+)", source)
    return f"%%{magic[1]}" if magic and magic[1] not in KEEPING else ""


def defines(source: str, name: str) -> bool:
    """Whether a text seems to define a name, however broken it is."""
    escaped = re.escape(name)
    pattern = rf"(\b(def|class)\s+{escaped}\b|^\s*{escaped}\s*[:=＝：])"
    return re.search(pattern, source, re.MULTILINE) is not None
