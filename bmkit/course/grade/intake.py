"""What was handed in: which files a folder holds, and which of them can be trusted.

Two layouts are read (`layouts`). nbgrader's course folder has
``submitted/<student>/<lesson>/`` with a notebook in it. Any other folder is flat:
``<student>.ipynb``, or ``<student>/`` with notebooks in it; which lesson each is shows
only when it is read. A student's name, as the file has it, is the student's id in the
grade book (`student_names`).

Students can write into such a folder while it is read (`open_folder`). Hidden files
(Jupyter's checkpoints) and what nbgrader and this kit make are passed over; all else is
graded, or comes along with what is (`companions`), or is refused with a reason.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from bmkit.course.grade import companions, layouts
from bmkit.course.grade.companions import Companions
from bmkit.course.grade.file_names import notebook_of
from bmkit.course.grade.open_folder import Unfit, closing, digest_of, opened
from bmkit.course.grade.student_names import alike
from bmkit.course.grade.submitted_file import Note, Refused, SubmittedFile, told
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason


class IntakeError(BmkitError):
    """The folder as a whole cannot be read; the message says why."""


def find(folder: Path, slugs: list[str]) -> tuple[list[SubmittedFile], list[Refused]]:
    """Every submission in a folder, and what there is no grading.

    Args:
        folder: a course folder of nbgrader's, or a flat one.
        slugs: the lessons there are.

    Returns:
        the submissions, by student, of which `settle` chooses; what was refused, and
        `Note` on what may be.

    Raises:
        IntakeError: there is no such folder, or it cannot be read.
    """
    if not hasattr(os, "O_DIRECTORY"):
        raise IntakeError(say("intake.system"))
    if folder.name == "submitted":
        raise IntakeError(say("intake.inner", path=folder))
    refused: list[Refused] = []
    try:
        home = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise IntakeError(told(folder, reason(error))) from None
    with closing(home):
        if "submitted" in os.listdir(home):
            handed = list(layouts.course(home, folder, slugs, refused))
        else:
            handed = list(layouts.flat(home, folder, refused))
            handed.sort(key=lambda one: (one.student, one.path))
    return handed, refused


def settle(handed: list[SubmittedFile]) -> tuple[list[SubmittedFile], list[Refused]]:
    """One file for each student and lesson, once every lesson is known.

    Of the same bytes one counts; of others the one named ``<lesson>.ipynb``, or
    ``NN-<lesson>.ipynb`` as lessons are given out. Where there are several and none is
    named so, none is taken: nobody but the student knows which is meant.
    """
    kept: list[SubmittedFile] = []
    refused: list[Refused] = []
    groups: dict[tuple[str, str | None], list[SubmittedFile]] = {}
    for one in handed:
        groups.setdefault((one.student, one.slug), []).append(one)
    for group in groups.values():
        best = max(map(_named, group))
        right = [one for one in group if _named(one) == best]
        if len({one.key for one in right}) > 1 and not best:
            why = say("intake.several", slug=group[0].slug, count=len(group))
            refused += [Refused(one.path, why) for one in group]
            continue
        kept.append(right[0])
        graded = right[0].path
        for one in group:
            if one is not right[0]:
                key = "intake.same" if one.key == right[0].key else "intake.second"
                why = say(
                    key, slug=one.slug, graded=Path(graded.parent.name, graded.name)
                )
                refused.append(Note(one.path, why))
    return kept, refused


def lookalikes(handed: list[SubmittedFile]) -> list[Note]:
    """A note for each group of students whose names a reader takes for one."""
    paths = {one.student: one.path for one in handed}
    notes = []
    for group in alike(paths):
        shown = ", ".join(f"{name} ({ascii(name)[1:-1]})" for name in group)
        notes.append(Note(paths[group[0]], say("intake.alike", names=shown)))
    return notes


def _named(one: SubmittedFile) -> int:
    """How surely a file's name says that it is the lesson's: 2, 1 or 0."""
    stem = notebook_of(one.path.name)
    return 2 * (stem == one.slug) or int(stem.lstrip("0123456789-") == one.slug)


def copy(folder: Path, one: SubmittedFile, target: Path) -> Companions:
    """Copy a submission to where students cannot write, the same bytes that were found.

    Returns:
        the files that come along with it.

    Raises:
        IntakeError: it has changed since, or something else now has its name.
    """
    *above, name = one.path.relative_to(folder).parts
    found = Companions()
    try:
        with contextlib.ExitStack() as stack:
            home = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.enter_context(closing(home))
            for part in above:
                home = stack.enter_context(opened(home, part, stat.S_ISDIR))
            file = stack.enter_context(opened(home, name, stat.S_ISREG))
            if one.own_folder:
                found = companions.beside(home)
            with target.open("wb") as sink:
                if found.mark(digest_of(file, sink.write)) != one.key:
                    raise Unfit(say("intake.changed"))
    except (Unfit, OSError) as error:
        target.unlink(missing_ok=True)
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise IntakeError(told(one.path, why)) from None
    return found
