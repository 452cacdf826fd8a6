"""Students' names as files and folders have them, made ids of the grade book.

Whatever a file system holds is somebody's name. It is the id as it stands, wherever a
terminal can show it and a database keep it; else it is made so, and stays unique.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

LONGEST = 128  # characters of an id in nbgrader's tables
WIDEST = 255  # bytes of a folder's name
# Signs that turn the direction in which all that follows is read.
TURNING = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
# What browsers and file managers add to the name of a second copy.
_COPY = re.compile(r" ?(\(\d+\)|[-_ ] ?(copy|副本)( ?\(?\d+\)?)?)$")
# Letters of other scripts that look like Latin ones, as they are after `casefold`.
_LOOKS = str.maketrans(
    "авеѕіјкмнорстухһԁԛԝӏαβικνορτυχıⅼ‘’ʼ`´‐‑‒–—−",
    "abesijkmhopctyxhdqwlabikvoptuxil'''''------",
)


def student_id(name: str) -> str:
    """The id of the student whose file or folder has this name.

    Composed and decomposed letters give one id: a Mac's archive has the latter.
    """
    composed = unicodedata.normalize("NFC", name)
    shown = "".join("_" if _unshown(c) else c for c in composed)
    if shown == composed and _fits(shown, LONGEST):
        return shown
    mark = hashlib.sha256(composed.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    while not _fits(shown, LONGEST - 9, WIDEST - 9):
        shown = shown[:-1]
    return f"{shown}~{mark}"


def names_folder(name: str) -> bool:
    """Whether a folder in another one can have this name, whatever is in it."""
    leads_elsewhere = name in ("", ".", "..") or "/" in name
    return not leads_elsewhere and student_id(name) == name


def alike(names: Iterable[str]) -> list[list[str]]:
    """Groups of different names that a reader takes for the same, sorted."""
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(_look(name), set()).add(name)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _look(name: str) -> str:
    """What of a name meets the eye: no case, no width, no sign that prints nothing."""
    plain = unicodedata.normalize("NFKC", name).casefold().translate(_LOOKS)
    seen = (c for c in plain if unicodedata.category(c) != "Cf")
    return _COPY.sub("", " ".join("".join(seen).split())).rstrip(".")


def _unshown(char: str) -> bool:
    """Whether a terminal or a page would obey it, or cannot write it at all."""
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in TURNING


def _fits(name: str, characters: int, width: int = WIDEST) -> bool:
    return len(name) <= characters and len(name.encode("utf-8", "replace")) <= width
