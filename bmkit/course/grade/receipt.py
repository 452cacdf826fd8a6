"""What nbgrader keeps beside a submission, and wants beside all that is made of it.

``nbgrader submit`` lays two files beside a notebook: ``timestamp.txt``, when it was
handed in, and ``submission_secret.txt``, by which its student alone finds the feedback
in the exchange. ``autograde`` and ``generate_feedback`` copy both on, and
``release_feedback`` stops the whole room where one is missing. So both are always
written: without a time the first is empty, without a secret the second is a new one,
which nobody knows and nobody needs.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from bmkit import atomic
from bmkit.course.grade.gradebook_rows import parsed_time

TIME, SECRET = "timestamp.txt", "submission_secret.txt"
HEX = re.compile(r"[0-9a-f]{1,256}")


def write(home: Path, submitted: str = "", secret: str = "") -> None:
    """Lay both files into a folder of ``autograded/`` or ``feedback/``.

    Args:
        home: the folder.
        submitted: the submission's ``timestamp.txt``; what is no time is left out:
            nbgrader stops at it.
        secret: its ``submission_secret.txt``.
    """
    _keep(home / TIME, submitted.strip() if parsed_time(submitted) else "")
    if HEX.fullmatch(secret):
        _keep(home / SECRET, secret)
    elif not (home / SECRET).is_file():
        atomic.write(home / SECRET, secrets.token_hex(64))


def renew(folder: Path, student: str, slug: str, submitted: str, secret: str) -> None:
    """The same for a graded file that was handed in once more, with a new secret."""
    for made in ("autograded", "feedback"):
        home = folder / made / student / slug
        if home.is_dir():
            write(home, submitted, secret)


def _keep(path: Path, text: str) -> None:
    """Write what is not there already."""
    if not path.is_file() or path.read_text("utf-8", "replace") != text:
        atomic.write(path, text)
