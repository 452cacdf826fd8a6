"""The layouts of a folder of submissions: nbgrader's course folder, and a flat one.

Every file is a submission, or comes along with one (`companions`), or is told of.
"""

from __future__ import annotations

import contextlib
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from bmkit.course.grade import companions, receipt
from bmkit.course.grade.file_names import (
    JUNK,
    notebook_of,
    student_of,
    text_of,
    why_not,
)
from bmkit.course.grade.gradebook_rows import parsed_time
from bmkit.course.grade.open_folder import (
    Unfit,
    digest_of,
    holds_notebook,
    is_folder,
    is_link,
    names,
    opened,
)
from bmkit.course.grade.student_names import student_id
from bmkit.course.grade.submitted_file import Note, Refused, SubmittedFile, trying
from bmkit.course.words import say

# Folders beside the submissions that nbgrader and this kit make.
OURS = {"autograded", "feedback", "release", "source", "submitted", "downloaded"}
# Files that they make: the grade book, tables, the room's page.
MADE = (
    *("gradebook.db", "grades.csv", "bmkit-grades.csv", "room.html"),
    *("nbgrader_config.py", "autograded.not-ours", "feedback.not-ours"),
)


def course(
    home: int, folder: Path, slugs: list[str], told: list[Refused]
) -> Iterator[SubmittedFile]:
    """nbgrader's layout: submitted/<student>/<lesson>/<notebook>."""
    top = folder / "submitted"
    with trying(top, told), opened(home, "submitted", stat.S_ISDIR) as students:
        for student in _seen(students):
            mine = top / student
            with trying(mine, told), opened(students, student, stat.S_ISDIR) as files:
                who = _id(student, mine, told)
                for path, key in _files(files, mine, told, notebook_of):
                    yield SubmittedFile(who, path, None, key)  # no lesson's folder
                yield from _lessons(files, mine, who, slugs, told)


def _lessons(
    home: int, mine: Path, who: str, slugs: list[str], told: list[Refused]
) -> Iterator[SubmittedFile]:
    """What a student's folder holds, a folder for each lesson."""
    for slug in _seen(home):
        path = mine / slug
        if notebook_of(slug) and not is_folder(home, slug):
            continue
        with (
            trying(path, told),
            opened(home, _lesson(slug, slugs), stat.S_ISDIR) as files,
        ):
            time = _submitted(files, path, told)
            secret = _small(files, path, told, receipt.SECRET)
            for file, key in _work(files, path, told):
                yield SubmittedFile(who, file, slug, key, time, secret, True)


def flat(home: int, folder: Path, told: list[Refused]) -> Iterator[SubmittedFile]:
    """Files named by student, and folders named so."""
    for path, key in _files(home, folder, told, _student_of):
        who = _id(_student_of(path.name), path, told)
        yield SubmittedFile(who, path, None, key)
    for name in _seen(home):
        path = folder / name
        if name in OURS or _made(name):
            continue
        if _student_of(name) and not is_folder(home, name):
            continue
        with trying(path, told):
            if is_link(home, name):
                raise Unfit(say("intake.link"))
            if is_folder(home, name):
                with opened(home, name, stat.S_ISDIR) as files:
                    who = _id(name, path, told)
                    for file, key in _work(files, path, told):
                        yield SubmittedFile(who, file, None, key, own_folder=True)
            elif holds_notebook(home, name):
                with opened(home, name, stat.S_ISREG) as odd:
                    who = _id(student_of(name), path, told)
                    yield SubmittedFile(who, path, None, digest_of(odd))
            else:
                why = why_not(name)
                kind = Note if why == "table" else Refused
                told.append(kind(path, say(f"intake.{why}")))


def _student_of(name: str) -> str:
    """Whose file it is in a flat folder, by its name; empty if it is no notebook."""
    return notebook_of(name) or text_of(name) if not _made(name) else ""


def _made(name: str) -> bool:
    if notebook_of(name):
        return False
    return name.startswith(MADE) or name.endswith(".feedback.html")


def _work(home: int, folder: Path, told: list[Refused]) -> list[tuple[Path, str]]:
    """A student's notebooks and their keys, the files beside them included."""
    before = len(told)
    rows = list(_files(home, folder, told, notebook_of))
    rows = rows or list(_files(home, folder, told, text_of))
    if not rows:
        odd = {name for name in _seen(home) if holds_notebook(home, name)}
        rows = list(
            _files(home, folder, told, lambda name: name if name in odd else "")
        )
    nested = [name for name in _seen(home) if _holds_notebooks(home, name)]
    kind = Note if rows else Refused
    told += [kind(folder / name, say("intake.nested")) for name in nested]
    if not rows:
        others = [name for name in _seen(home) if not is_folder(home, name)]
        known = [one.path for one in told[before:]]
        told += [
            Refused(folder / name, say(f"intake.{why_not(name)}"))
            for name in others
            if folder / name not in known and name not in (receipt.TIME, receipt.SECRET)
        ]
        if len(told) == before:
            raise Unfit(say("intake.none"))
        return []
    found = companions.beside(home)
    told += [
        Note(folder / name, say("intake.left", why=why))
        for name, why in found.left.items()
    ]
    return [(path, found.mark(key)) for path, key in rows]


def _holds_notebooks(home: int, name: str) -> bool:
    """Whether a folder in a student's folder has notebooks in it."""
    if not is_folder(home, name):
        return False
    with contextlib.suppress(OSError, Unfit), opened(home, name, stat.S_ISDIR) as inner:
        return any(map(notebook_of, names(inner)))
    return False


def _files(
    home: int, folder: Path, told: list[Refused], wanted: Callable[[str], str]
) -> Iterator[tuple[Path, str]]:
    """Each file of an open folder whose name is wanted, with its key."""
    for name in _seen(home):
        path = folder / name
        if not wanted(name) or is_folder(home, name):
            continue
        with trying(path, told), opened(home, name, stat.S_ISREG) as file:
            if os.pread(file, 4, 0) == b"PK\x03\x04":
                raise Unfit(say("intake.disguised"))
            yield path, digest_of(file)


def _seen(home: int) -> list[str]:
    return [name for name in names(home) if name not in JUNK]


def _id(name: str, path: Path, told: list[Refused]) -> str:
    """The student's id; that it is another than the name is told once."""
    made = student_id(name)
    if "~" in made and made != unicodedata.normalize("NFC", name):
        note = Note(path, say("intake.renamed", student=made))
        told += [] if note in told else [note]
    return made


def _submitted(home: int, folder: Path, told: list[Refused]) -> str:
    """When it was handed in; what is no time is passed over."""
    text = _small(home, folder, told, receipt.TIME)
    if text and (len(text) > 100 or parsed_time(text) is None):
        told.append(Note(folder / receipt.TIME, say("intake.time")))
        return ""
    return text


def _small(home: int, folder: Path, told: list[Refused], name: str) -> str:
    """What one of nbgrader's own small files says."""
    with (
        trying(folder / name, told),
        contextlib.suppress(FileNotFoundError),
        opened(home, name, stat.S_ISREG) as file,
    ):
        return os.pread(file, 300, 0).decode("ascii", "replace").strip()
    return ""


def _lesson(slug: str, slugs: list[str]) -> str:
    if slug not in slugs:
        raise Unfit(say("intake.lesson"))
    return slug
