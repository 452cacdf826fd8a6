"""A file that was handed in, and what is told of one that is not graded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bmkit.course.grade.open_folder import Unfit
from bmkit.course.words import say
from bmkit.errors import reason


@dataclass(frozen=True)
class SubmittedFile:
    """One file that was handed in.

    Attributes:
        student: whose, as the grade book has it.
        path: where.
        slug: for which lesson, where the layout tells.
        key: SHA-256 of its bytes, and of the files that come along.
        submitted: what ``timestamp.txt`` beside it says; nbgrader writes one.
        secret: what nbgrader's ``submission_secret.txt`` says.
        own_folder: whether its folder is the student's, whose files come along.
    """

    student: str
    path: Path
    slug: str | None
    key: str
    submitted: str = ""
    secret: str = ""
    own_folder: bool = False


@dataclass(frozen=True)
class Refused:
    """A file or folder that is not graded, and the reason in a sentence."""

    path: Path
    reason: str

    def __str__(self) -> str:
        """Both in one line that is safe to print, whatever they hold."""
        line = told(self.path, self.reason)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


@dataclass(frozen=True)
class Note(Refused):
    """A file that is passed over with no loss, or is graded, and what to know of it."""


def told(path: Path, why: str) -> str:
    """A path and what is said of it."""
    return say("main.refused", path=path, why=why)


@contextlib.contextmanager
def trying(path: Path, refused: list[Refused]) -> Iterator[None]:
    """Whatever is wrong inside is a reason to refuse ``path``, and ends no more."""
    try:
        yield
    except Unfit as error:
        refused.append(Refused(path, str(error)))
    except OSError as error:
        refused.append(Refused(path, say("intake.unreadable", why=reason(error))))
