"""What grading keeps in a flat folder, and how it knows that as its own.

Students hand in there, so one may have put a grade book there, or a link with the name
of a folder that grading writes into. What grading did not make is never read or
followed: it is set aside under another name, and told.

A grade book is known by its place on the disk, kept in the course's ``.bmkit``, and by
its owner. That does not help where others can rename files in the folder while it is
graded, or where their files are owned by the teacher and they can write to the very
file, as some synchronised folders allow: there ``--book`` names one elsewhere. In
nbgrader's layout students write into ``submitted/`` at most, and nothing is set aside.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from bmkit import atomic
from bmkit.course import state
from bmkit.course.grade.submitted_file import Note
from bmkit.course.words import say

BOOK = "gradebook.db"
JOURNALS = (f"{BOOK}-journal", f"{BOOK}-wal", f"{BOOK}-shm")
FOLDERS = ("autograded", "feedback")
FILES = ("grades.csv", "room.html")


def is_flat(folder: Path) -> bool:
    """Whether students hand in here, and not into nbgrader's ``submitted/``."""
    return not os.path.lexists(folder / "submitted")


def set_aside(folder: Path, home: Path, *, book: bool) -> list[Note]:
    """Rename what has a name of ours and is not; a note on each.

    Args:
        folder: a flat one.
        home: the course's ``.bmkit``.
        book: whether the grade book lies there, too.

    Raises:
        OSError: it cannot be renamed.
    """
    foreign = [name for name in FOLDERS if not _is(folder / name, stat.S_ISDIR)]
    foreign += [name for name in FILES if not _is(folder / name, stat.S_ISREG)]
    if book and not _is_book(folder, home):
        foreign += [BOOK, *JOURNALS]
    elif book:  # a journal is played back into the book
        foreign += [name for name in JOURNALS if not _is(folder / name, stat.S_ISREG)]
    notes = []
    for name in foreign:
        path = folder / name
        if os.path.lexists(path):
            aside = _free(path)
            path.rename(aside)
            key = "room_state.book" if name == BOOK else "room_state.aside"
            notes.append(Note(path, say(key, aside=aside)))
    return notes


def remember(folder: Path, home: Path) -> None:
    """Note that the grade book in a flat folder is ours; it is there by now.

    Raises:
        OSError: the course's ``.bmkit`` cannot be written.
    """
    path = _record(folder, home)
    state.make(path.parent)
    atomic.write(path, json.dumps(_place(folder / BOOK)))


def refuse_links(folder: Path, *below: str) -> None:
    """See that no folder that grading will write into is a link.

    Raises:
        OSError: one is.
    """
    for name in below:
        folder /= name
        if folder.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))


def _is_book(folder: Path, home: Path) -> bool:
    """Whether the grade book is one that we made, or there is none."""
    path = folder / BOOK
    if not _is(path, stat.S_ISREG):
        return False
    if not path.exists():
        return not any(os.path.lexists(folder / name) for name in JOURNALS)
    try:
        kept = json.loads(_record(folder, home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(kept == _place(path))


def _is(path: Path, wanted: Callable[[int], bool]) -> bool:
    """Whether it is nothing, or of the wanted kind, under no second name, and ours."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    single = stat.S_ISDIR(found.st_mode) or found.st_nlink == 1
    return wanted(found.st_mode) and single and found.st_uid == os.geteuid()


def _place(path: Path) -> list[int]:
    found = path.lstat()
    return [found.st_dev, found.st_ino]


def _record(folder: Path, home: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return home / "rooms" / f"{name}.json"


def _free(path: Path) -> Path:
    """A name beside it that nothing has."""
    number = 1
    while os.path.lexists(made := path.with_name(f"{path.name}.not-ours-{number}")):
        number += 1
    return made
