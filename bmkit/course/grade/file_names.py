"""What a file's name says: whose it is in a flat folder, and what it may hold.

Browsers, mailers and Windows add endings of their own; what such a file holds shows
when it is read. A notebook may also come as text, in jupytext's formats.
"""

from __future__ import annotations

import re
from pathlib import PurePath

# "ann.ipynb", "ann.ipynb.txt", "ann.IPYNB", "ann.ipynb ", "ann.ipynb.crdownload".
_NOTEBOOK = re.compile(
    r"(.+?)\.ipynb(?:\.(?:ipynb|txt|json|crdownload|part|partial|download|tmp|bak))*",
    re.IGNORECASE | re.DOTALL,
)
TEXTS = (".py", ".md")
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
# What is not a notebook, by its ending: the sentence under [intake].
_REASONS = {
    **dict.fromkeys(ARCHIVES, "archive"),
    **dict.fromkeys((".html", ".htm", ".mhtml"), "page"),
    ".pdf": "pdf",
    ".csv": "table",
}
# What systems leave behind.
JUNK = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini", "Icon\r"}


def notebook_of(name: str) -> str:
    """The name without a notebook's ending; empty if it has none."""
    found = _NOTEBOOK.fullmatch(name.rstrip())
    return found[1] if found else ""


def text_of(name: str) -> str:
    """The name without the ending of a notebook as text; empty if it has none."""
    path = PurePath(name.rstrip())
    return path.stem if path.suffix.lower() in TEXTS else ""


def student_of(name: str) -> str:
    """Whose notebook it is in a flat folder, by a name with any ending, or none."""
    found = re.match(r"(.+?)\.ipynb\b", name, re.IGNORECASE | re.DOTALL)
    return found[1] if found else PurePath(name).stem


def why_not(name: str) -> str:
    """Why a file of this name is no notebook: a key of [intake]."""
    return _REASONS.get(PurePath(name.rstrip()).suffix.lower(), "no_notebook")
