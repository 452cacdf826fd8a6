"""What was handed in: which files a folder holds, and which of them can be trusted.

Two layouts are read. nbgrader's course folder has ``submitted/<student>/<lesson>/``
with a notebook in it. Any other folder is flat: ``<student>.ipynb``, or ``<student>/``
with notebooks in it; which lesson each is shows only when it is read. A student's name,
as the file has it, is the student's id in the grade book (`student_names`).

Students can write into such a folder while it is read (`open_folder`). Hidden files
(Jupyter's checkpoints), nbgrader's own folders and files that are no notebook are
passed over; all else that is not right is refused with a reason.
"""

from __future__ import annotations

import contextlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bmkit.course.grade import receipt
from bmkit.course.grade.gradebook_rows import parsed_time
from bmkit.course.grade.open_folder import (
    Unfit,
    closing,
    digest_of,
    is_folder,
    is_link,
    names,
    opened,
    refuse_archive,
)
from bmkit.course.grade.student_names import alike, student_id
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason

# Folders beside the submissions that nbgrader and this kit make.
OURS = {"autograded", "feedback", "release", "source", "submitted", "downloaded"}


@dataclass(frozen=True)
class SubmittedFile:
    """One file that was handed in.

    Attributes:
        student: whose, as the grade book has it.
        path: where.
        slug: for which lesson, where the layout tells.
        key: SHA-256 of its bytes.
        submitted: what ``timestamp.txt`` beside it says; nbgrader writes one.
        secret: what nbgrader's ``submission_secret.txt`` says.
    """

    student: str
    path: Path
    slug: str | None
    key: str
    submitted: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Refused:
    """A file or folder that is not graded, and the reason in a sentence."""

    path: Path
    reason: str

    def __str__(self) -> str:
        """Both in one line that is safe to print, whatever they hold."""
        line = _told(self.path, self.reason)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


@dataclass(frozen=True)
class Note(Refused):
    """A file that is passed over with no loss, or is graded, and what to know of it."""


def _told(path: Path, why: str) -> str:
    return say("main.refused", path=path, why=why)


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
        raise IntakeError(_told(folder, reason(error))) from None
    with closing(home):
        if "submitted" in os.listdir(home):
            handed = _course(home, folder, slugs, refused)
        else:
            handed = _flat(home, folder, refused)
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
    stem = one.path.stem
    return 2 * (stem == one.slug) or int(stem.lstrip("0123456789-") == one.slug)


def copy(folder: Path, one: SubmittedFile, target: Path) -> None:
    """Copy a submission to where students cannot write, the same bytes that were found.

    Raises:
        IntakeError: it has changed since, or something else now has its name.
    """
    *above, name = one.path.relative_to(folder).parts
    try:
        with contextlib.ExitStack() as stack:
            home = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.enter_context(closing(home))
            for part in above:
                home = stack.enter_context(opened(home, part, stat.S_ISDIR))
            file = stack.enter_context(opened(home, name, stat.S_ISREG))
            with target.open("wb") as sink:
                if digest_of(file, sink.write) != one.key:
                    raise Unfit(say("intake.changed"))
    except (Unfit, OSError) as error:
        target.unlink(missing_ok=True)
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise IntakeError(_told(one.path, why)) from None


def _course(
    home: int, folder: Path, slugs: list[str], refused: list[Refused]
) -> list[SubmittedFile]:
    """nbgrader's layout: submitted/<student>/<lesson>/<notebook>."""
    handed: list[SubmittedFile] = []
    top = folder / "submitted"
    with _trying(top, refused), opened(home, "submitted", stat.S_ISDIR) as students:
        for student in names(students):
            mine = top / student
            with (
                _trying(mine, refused),
                opened(students, student, stat.S_ISDIR) as lessons,
            ):
                for slug in names(lessons):
                    path = mine / slug
                    with (
                        _trying(path, refused),
                        opened(lessons, _lesson(slug, slugs), stat.S_ISDIR) as files,
                    ):
                        time = _submitted(files, path, refused)
                        secret = _beside(files, path, refused, receipt.SECRET)
                        rows = _some(files, path, refused)
                        who = _id(student, mine, refused)
                        handed += [
                            SubmittedFile(who, p, slug, k, time, secret)
                            for p, k in rows
                        ]
    return handed


def _flat(home: int, folder: Path, refused: list[Refused]) -> list[SubmittedFile]:
    """Notebooks named by student, and folders of notebooks named so."""
    handed: list[SubmittedFile] = []
    for path, key in _notebooks(home, folder, refused):
        with _trying(path, refused):
            who = _id(path.stem, path, refused)
            handed.append(SubmittedFile(who, path, None, key))
    for name in names(home):
        path = folder / name
        if name in OURS or not is_folder(home, name):
            continue
        with (
            _trying(path, refused),
            opened(home, name, stat.S_ISDIR) as files,
        ):
            for inner in names(files):
                if is_folder(files, inner):
                    refused.append(Refused(path / inner, say("intake.nested")))
            rows = _some(files, path, refused)
            who = _id(name, path, refused)
            handed += [SubmittedFile(who, file, None, key) for file, key in rows]
    return sorted(handed, key=lambda one: (one.student, one.path))


def _id(name: str, path: Path, told: list[Refused]) -> str:
    """The student's id; that it is another than the name is told once."""
    made = student_id(name)
    if "~" in made and made != unicodedata.normalize("NFC", name):
        note = Note(path, say("intake.renamed", student=made))
        told += [] if note in told else [note]
    return made


def _some(home: int, folder: Path, refused: list[Refused]) -> list[tuple[Path, str]]:
    """A submission's notebooks; that there is none is said, unless a reason was."""
    rows = list(_notebooks(home, folder, refused))
    if not rows and not any(folder in one.path.parents for one in refused):
        raise Unfit(say("intake.none"))
    return rows


def _notebooks(
    home: int, folder: Path, refused: list[Refused]
) -> Iterator[tuple[Path, str]]:
    """Each notebook in an open folder, with its key."""
    for name in names(home):
        path = folder / name
        with _trying(path, refused):
            refuse_archive(name)
            if is_link(home, name):
                raise Unfit(say("intake.link"))
            if not name.endswith(".ipynb") or is_folder(home, name):
                continue
            with opened(home, name, stat.S_ISREG) as file:
                if os.pread(file, 4, 0) == b"PK\x03\x04":
                    raise Unfit(say("intake.disguised"))
                yield path, digest_of(file)


def _submitted(home: int, folder: Path, refused: list[Refused]) -> str:
    """When it was handed in; what is no time is passed over."""
    text = _beside(home, folder, refused, receipt.TIME)
    if text and (len(text) > 100 or parsed_time(text) is None):
        refused.append(Note(folder / receipt.TIME, say("intake.time")))
        return ""
    return text


def _beside(home: int, folder: Path, refused: list[Refused], name: str) -> str:
    """What one of nbgrader's own small files says."""
    with (
        _trying(folder / name, refused),
        contextlib.suppress(FileNotFoundError),
        opened(home, name, stat.S_ISREG) as file,
    ):
        return os.pread(file, 300, 0).decode("ascii", "replace").strip()
    return ""


@contextlib.contextmanager
def _trying(path: Path, refused: list[Refused]) -> Iterator[None]:
    """Whatever is wrong inside is a reason to refuse ``path``, and ends no more."""
    try:
        yield
    except Unfit as error:
        refused.append(Refused(path, str(error)))
    except OSError as error:
        refused.append(Refused(path, say("intake.unreadable", why=reason(error))))


def _lesson(slug: str, slugs: list[str]) -> str:
    if slug not in slugs:
        raise Unfit(say("intake.lesson"))
    return slug
