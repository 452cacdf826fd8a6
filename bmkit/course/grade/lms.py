"""Downloads of Moodle and Canvas, made into a folder that is graded like any other.

Moodle's "Download all submissions" holds, in a zip or unpacked,
``Full name_123456_assignsubmission_file_/x.ipynb``, or without folders
``Full name_123456_assignsubmission_file_x.ipynb``; the number is the participant's in
the grading worksheet. Canvas' "Download Submissions" holds
``lastfirst_12345_67890_x.ipynb``, or ``lastfirst_LATE_12345_67890_x-1.ipynb``: the
student's number, the file's, and which attempt it is.

An assignment that hides names has ``Participant 5_5_assignsubmission_…`` in Moodle and
``anon_XyZ12_67890_x.ipynb`` in Canvas; a group's work comes once, or once a member.

Each becomes ``<name>_<number>/x.ipynb`` in a folder beside the download, and what that
folder held of an earlier download goes. Nothing in a zip is believed: no path, no size
and no link.
"""

from __future__ import annotations

import dataclasses
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bmkit import atomic
from bmkit.course.grade.file_names import JUNK, notebook_of
from bmkit.course.grade.intake import IntakeError
from bmkit.course.grade.open_folder import BIGGEST
from bmkit.course.grade.submitted_file import Note, Refused
from bmkit.course.words import say

MOODLE = re.compile(
    r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?/?(?P<file>.*)"
)
CANVAS = re.compile(
    r"(?P<name>[^/]*?)_?(?P<late>LATE_)?(?P<id>(?<=_)\d+|anon_[^/_]+)_\d+_"
    r"(?P<file>[^/]+?)(?:-(?P<attempt>\d+))?(?P<ending>\.[^./]+)?"
)
# What was typed into a form has no number of a file.
CANVAS_TYPED = re.compile(
    r"(?P<name>[^/]*?)_?(?:LATE_)?(?P<id>(?<=_)\d+|anon_[^/_]+)_(?:text|link)\.html"
)
ENTRIES = 20_000  # of one download
TOTAL = 4 * 2**30  # bytes of all its files


@dataclass
class Room:
    """A download on its way to be graded.

    Attributes:
        folder: what `intake.find` reads.
        refused: what of the download is not in it, and why.
        notes: what else a teacher should know of it.
    """

    folder: Path
    refused: list[Refused] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class _Piece:
    """A file of a download: where it is, whose, and what stands against it.

    Attributes:
        harmless: whether the student has another file that counts.
    """

    path: str
    student: str = ""
    file: str = ""
    attempt: int = 0
    late: bool = False
    problem: str = ""
    harmless: bool = False


def room(download: Path) -> Room | None:
    """The folder to grade; None where it is no download of Moodle's or Canvas'.

    Raises:
        IntakeError: it is a zip that cannot be read, or of something else.
    """
    try:
        if download.is_dir():
            return _made(download, download.name, _Folder(download))
        if download.suffix.lower() == ".zip" and download.is_file():
            with zipfile.ZipFile(download) as packed:
                made = _made(download, download.stem, _Zip(packed))
            if made is None:
                raise IntakeError(say("lms.other", path=download))
            return made
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
    """A packed one; a folder that all of it lies in, packed again, does not count."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self.packed = packed
        kept = [name for name in packed.namelist() if not _is_junk(name)]
        tops = {name.partition("/")[:2] for name in kept}
        top = "".join(tops.pop()) if len(tops) == 1 else ""
        self.above = "" if MOODLE.fullmatch(top) or not top.endswith("/") else top

    def names(self) -> list[str]:
        names = self.packed.namelist()
        kept = [n for n in names if not (n.endswith("/") or _is_junk(n))]
        return [name.removeprefix(self.above) for name in kept]

    def problem(self, name: str) -> str:
        entry = self.packed.getinfo(self.above + name)
        if stat.S_ISLNK(entry.external_attr >> 16):
            return say("intake.link")
        return say("lms.locked") if entry.flag_bits & 1 else ""

    def open(self, name: str) -> IO[bytes]:
        return self.packed.open(self.above + name)


def _is_junk(name: str) -> bool:
    """Whether a file system or an archiver put it there, and no student."""
    parts = name.split("/")
    return not JUNK.isdisjoint(parts) or parts[-1].startswith(("._", ".DS_Store"))


def _made(download: Path, name: str, source: _Folder | _Zip) -> Room | None:
    names = source.names()
    moodle = any(MOODLE.fullmatch(one) for one in names)
    books = [one for one in names if notebook_of(one)]
    known = sum(bool(CANVAS.fullmatch(one)) for one in books)
    if not moodle and 2 * known <= len(books):
        return None
    made = Room(download.with_name(f"{name}-graded"))
    left, held = TOTAL, set()
    for piece in _pieces(names[:ENTRIES], moodle):
        why = piece.problem or source.problem(piece.path)
        if not why:
            target = made.folder / piece.student / piece.file
            with source.open(piece.path) as file:
                size = _copied(file, target, left)
            left -= size
            held |= {target} if size else set()
            why = "" if size else say("intake.large", most=BIGGEST / 2**20)
        if why and piece.harmless:
            made.notes.append(Note(download / piece.path, why))
        elif why:
            made.refused.append(Refused(download / piece.path, why))
        elif piece.late:
            made.notes.append(Note(download / piece.path, say("lms.late")))
    _forget(held)
    if len(names) > ENTRIES:
        made.refused.append(Refused(download, say("lms.many", most=ENTRIES)))
    return made


def _forget(held: set[Path]) -> None:
    """Remove what an earlier download had in the folders of the same students."""
    for home in {path.parent for path in held}:
        for path in home.iterdir():
            if path not in held and not path.is_dir():
                path.unlink()


def _pieces(names: list[str], moodle: bool) -> Iterator[_Piece]:
    """Whose each file is; of several attempts at one file the last."""
    found: dict[tuple[str, str], _Piece] = {}
    for name in names:
        piece = _moodle_piece(name) if moodle else _canvas_piece(name)
        key = piece.student, piece.file
        before = found.get(key)
        if piece.problem or before is None:
            found[key if not piece.problem else (name, "")] = piece
        else:
            old, new = sorted((before, piece), key=lambda one: one.attempt)
            found[key] = new
            why = say("lms.attempt", graded=new.path)
            yield _Piece(old.path, problem=why, harmless=True)
    filed = {piece.student for piece in found.values() if not piece.problem}
    for piece in found.values():
        harmless = bool(piece.problem) and piece.student in filed
        yield dataclasses.replace(piece, harmless=harmless)


def _moodle_piece(name: str) -> _Piece:
    match = MOODLE.fullmatch(name)
    if match is None:
        return _Piece(name, problem=say("lms.name"))
    if match["kind"] != "file":
        return _typed(name, match)
    return _piece(name, match, match["file"])


def _canvas_piece(name: str) -> _Piece:
    if match := CANVAS_TYPED.fullmatch(name):
        return _typed(name, match)
    match = CANVAS.fullmatch(name)
    if match is None:
        return _Piece(name, problem=say("lms.name"))
    file = f"{match['file']}{match['ending'] or ''}"
    piece = _piece(name, match, file, int(match["attempt"] or 0))
    return dataclasses.replace(piece, late=bool(match["late"]))


def _piece(name: str, match: re.Match[str], file: str, attempt: int = 0) -> _Piece:
    """A file, unless its name leads out of its student's folder."""
    if not file or "/" in file or "\\" in file or file.startswith(".") or "\0" in name:
        return _Piece(name, problem=say("lms.nested"))
    return _Piece(name, _student(match), file, attempt)


def _typed(name: str, match: re.Match[str]) -> _Piece:
    return _Piece(name, _student(match), name, problem=say("lms.typed"))


def _student(match: re.Match[str]) -> str:
    return f"{match['name']}_{match['id']}".lstrip("_")


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
