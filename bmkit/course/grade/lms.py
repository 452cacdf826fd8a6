"""Downloads of Moodle and Canvas, made into a folder that is graded like any other.

Moodle's "Download all submissions" holds, in a zip or unpacked,
``Full name_123456_assignsubmission_file_/x.ipynb``, or without folders
``Full name_123456_assignsubmission_file_x.ipynb``; the number is the participant's in
the grading worksheet. Canvas' "Download Submissions" holds
``lastfirst_12345_67890_x.ipynb``, or ``lastfirst_LATE_12345_67890_x-1.ipynb``: the
student's number, the file's, and which attempt it is.

Each becomes ``<name>_<number>/x.ipynb`` in a folder beside the download. Nothing in a
zip is believed: no path, no size and no link.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bmkit import atomic
from bmkit.course.grade.intake import IntakeError
from bmkit.course.grade.open_folder import BIGGEST
from bmkit.course.grade.submitted_file import Refused
from bmkit.course.words import say

MOODLE = re.compile(
    r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?/?(?P<file>.*)"
)
CANVAS = re.compile(
    r"(?P<name>[^/_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<file>[^/]+?)"
    r"(?:-(?P<attempt>\d+))?(?P<ending>\.[^./]+)?"
)
ENTRIES = 20_000  # of one download
TOTAL = 4 * 2**30  # bytes of all its files


@dataclass
class Room:
    """A download on its way to be graded.

    Attributes:
        folder: what `intake.find` reads.
        refused: what of the download is not in it, and why.
    """

    folder: Path
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True)
class _Piece:
    """A file of a download: where it is, and whose."""

    path: str
    student: str = ""
    file: str = ""
    attempt: int = 0
    problem: str = ""


def room(download: Path) -> Room | None:
    """The folder to grade; None where it is no download of Moodle's or Canvas'.

    Raises:
        IntakeError: it is a zip that cannot be read.
    """
    try:
        if download.is_dir():
            return _made(download, _Folder(download))
        if zipfile.is_zipfile(download):
            with zipfile.ZipFile(download) as packed:
                return _made(download, _Zip(packed))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise IntakeError(say("lms.zip", path=download, why=error)) from None
    return None


class _Folder:
    """An unpacked download."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def names(self) -> list[str]:
        found = []
        for path in sorted(self.home.iterdir()):
            inner = MOODLE.fullmatch(path.name) and path.is_dir()
            if inner and not path.is_symlink():
                found += [f"{path.name}/{one.name}" for one in sorted(path.iterdir())]
            elif not path.is_dir():
                found.append(path.name)
        return found

    def problem(self, name: str) -> str:
        mode = (self.home / name).lstat().st_mode
        return "" if stat.S_ISREG(mode) else say("intake.link")

    def open(self, name: str) -> IO[bytes]:
        return (self.home / name).open("rb")


class _Zip:
    """A packed one."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self.packed = packed

    def names(self) -> list[str]:
        return [name for name in self.packed.namelist() if not name.endswith("/")]

    def problem(self, name: str) -> str:
        entry = self.packed.getinfo(name)
        if stat.S_ISLNK(entry.external_attr >> 16):
            return say("intake.link")
        return say("lms.locked") if entry.flag_bits & 1 else ""

    def open(self, name: str) -> IO[bytes]:
        return self.packed.open(name)


def _made(download: Path, source: _Folder | _Zip) -> Room | None:
    names = source.names()
    moodle = any(MOODLE.fullmatch(name) for name in names)
    books = [name for name in names if name.endswith(".ipynb")]
    if not moodle and (not books or not all(map(CANVAS.fullmatch, books))):
        return None
    made = Room(download.with_name(f"{download.stem}-graded"))
    left = TOTAL
    for piece in _pieces(names[:ENTRIES], moodle):
        why = piece.problem or source.problem(piece.path)
        if not why:
            with source.open(piece.path) as file:
                size = _copied(file, made.folder / piece.student / piece.file, left)
            left -= size
            why = "" if size else say("intake.large", most=BIGGEST / 2**20)
        if why:
            made.refused.append(Refused(download / piece.path, why))
    if len(names) > ENTRIES:
        made.refused.append(Refused(download, say("lms.many", most=ENTRIES)))
    return made


def _pieces(names: list[str], moodle: bool) -> Iterator[_Piece]:
    """Whose each file is; of several attempts at one file the last."""
    found: dict[tuple[str, str], _Piece] = {}
    for name in names:
        piece = _moodle_piece(name) if moodle else _canvas_piece(name)
        if piece is None:
            continue
        key = piece.student, piece.file
        before = found.get(key)
        if piece.problem or before is None:
            found[key if not piece.problem else (name, "")] = piece
        else:
            old, new = sorted((before, piece), key=lambda one: one.attempt)
            found[key] = new
            yield _Piece(old.path, problem=say("lms.attempt", graded=new.path))
    yield from found.values()


def _moodle_piece(name: str) -> _Piece | None:
    match = MOODLE.fullmatch(name)
    if match is None:
        return _Piece(name, problem=say("lms.name"))
    if match["kind"] != "file":  # what was typed in: no notebook
        return None
    return _piece(name, match, match["file"])


def _canvas_piece(name: str) -> _Piece:
    match = CANVAS.fullmatch(name)
    if match is None:
        return _Piece(name, problem=say("lms.name"))
    file = f"{match['file']}{match['ending'] or ''}"
    return _piece(name, match, file, int(match["attempt"] or 0))


def _piece(name: str, match: re.Match[str], file: str, attempt: int = 0) -> _Piece:
    """A file, unless its name leads out of its student's folder."""
    if not file or "/" in file or "\\" in file or file.startswith(".") or "\0" in name:
        return _Piece(name, problem=say("lms.nested"))
    return _Piece(name, f"{match['name']}_{match['id']}", file, attempt)


def _copied(file: IO[bytes], target: Path, left: int) -> int:
    """Copy a file of any size that is allowed; how large it is, 0 where it is not."""
    most, size = min(BIGGEST, left), 0
    with atomic.draft(target) as draft, draft.open("wb") as sink:
        while piece := file.read(2**20):
            size += len(piece)
            if size > most:
                break
            sink.write(piece)
    if size > most:
        target.unlink()
        return 0
    return max(size, 1)
