"""Files that were handed in, read: which of them count, and for which lesson."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bmkit.course.grade import intake
from bmkit.course.grade.intake import IntakeError
from bmkit.course.grade.notebook_file import NotGradable, NothingOfOurs
from bmkit.course.grade.submission import Submission, read
from bmkit.course.grade.submitted_file import Note, Refused, SubmittedFile
from bmkit.course.source.catalog import Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.words import say
from bmkit.errors import reason

log = logging.getLogger(__name__)


class Unread(Exception):
    """This one file is not graded; the message says why."""


class Unrelated(Unread):
    """It holds nothing of this course."""


@dataclass(frozen=True)
class HandIns:
    """The hand-ins of one folder.

    Attributes:
        folder: where they lie.
        lessons: the course.
        lang: in which their students are told things; None for each notebook's own.
    """

    folder: Path
    lessons: list[Lesson]
    lang: str | None

    def settled(
        self, handed: list[SubmittedFile], known: set[tuple[str, str, str]]
    ) -> tuple[list[SubmittedFile], list[Refused]]:
        """One file for each student and lesson; read where only its content tells.

        Args:
            handed: all that was handed in.
            known: student, lesson and file key of what is graded.

        Returns:
            the files that count; what is said of the others.
        """
        slugs = {(student, key): slug for student, slug, key in known}
        crowd = Counter((one.student, one.slug) for one in handed)
        found: list[SubmittedFile] = []
        refused: list[tuple[SubmittedFile, Unread]] = []
        for one in handed:
            if one.slug is None or crowd[one.student, one.slug] > 1:
                try:
                    slug = (
                        slugs.get((one.student, one.key)) or self.read(one).lesson.slug
                    )
                except Unread as error:
                    refused.append((one, error))
                    continue
                one = dataclasses.replace(one, slug=slug)
            found.append(one)
        kept, told = intake.settle(found)
        graded = {(one.student, one.slug) for one in kept}
        graded |= {(one.student, None) for one in kept}
        for one, why in refused:  # beside the right one it costs nothing
            beside = (one.student, one.slug) in graded
            beside &= one.slug is not None or isinstance(why, Unrelated)
            told.append((Note if beside else Refused)(one.path, str(why)))
        return kept, told

    def read(self, one: SubmittedFile) -> Submission:
        """A private copy of the file, put in order.

        Raises:
            Unread: it cannot be graded.
        """
        with tempfile.TemporaryDirectory() as home:
            copy = Path(home) / "submission.ipynb"
            try:
                found = intake.copy(self.folder, one, copy)
                name = one.path.name
                submission = read(copy, self.lessons, self.lang, name)
                submission.bring(found)
            except (NotGradable, IntakeError, SourceError) as error:
                head = say("main.refused", path=one.path, why="")
                kind = Unrelated if isinstance(error, NothingOfOurs) else Unread
                raise kind(str(error).removeprefix(head)) from None
            except Exception as error:
                raise Unread(ours(one.path, error)) from None
        if one.slug not in (None, submission.lesson.slug):
            held = submission.lesson.slug
            raise Unread(say("session.other", held=held, slug=one.slug))
        return submission


def ours(path: Path, error: Exception) -> str:
    """An error of ours costs the others nothing, and is not kept quiet."""
    log.error("%s: the grader failed on it", path, exc_info=error)
    what = reason(error) if isinstance(error, OSError) else str(error)
    what = f"{type(error).__name__}: {what}"[:300]
    return say("session.ours", error=what)
