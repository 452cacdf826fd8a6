"""Files that strangers can swap while they are read: never by a path, never a link.

Every step goes from one open folder to the next by name, no link is followed, and what
a name led to is looked at once it is open.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator

from bmkit.course.grade.file_names import ARCHIVES
from bmkit.course.words import say

WIDGETS = b"jupyter.widget-state+json"  # beside this a notebook's own text is small
# How a notebook begins: programs write its keys in one order or another.
NOTEBOOK = re.compile(
    rb'(\xef\xbb\xbf)?\s*\{(.*[\s,{])?"(cells|worksheets|nbformat)"\s*:', re.DOTALL
)
BIGGEST = 50 * 2**20  # bytes of a notebook; a lesson with every figure has below 5 MiB


class Unfit(Exception):
    """This one thing is not taken; the message says why."""


def digest_of(file: int, sink: Callable[[bytes], object] = len) -> str:
    """SHA-256 of an open file, read piece by piece: it may grow meanwhile.

    Args:
        file: its descriptor.
        sink: is given each piece.

    Raises:
        Unfit: it has more than `BIGGEST` bytes.
    """
    digest, size, widgets = hashlib.sha256(), 0, False
    while piece := os.read(file, 2**20):
        size += len(piece)
        widgets |= WIDGETS in piece
        if size > BIGGEST:
            key = "intake.widgets" if widgets else "intake.large"
            raise Unfit(say(key, most=BIGGEST / 2**20))
        digest.update(piece)
        sink(piece)
    return digest.hexdigest()


@contextlib.contextmanager
def opened(home: int, name: str, wanted: Callable[[int], bool]) -> Iterator[int]:
    """Something in an open folder, opened unless it is a link or of another kind.

    Args:
        home: the folder's descriptor.
        name: what lies in it.
        wanted: `stat.S_ISREG` or `stat.S_ISDIR`.

    Raises:
        Unfit: it is a link, or another kind of thing.
        OSError: it cannot be opened.
    """
    # Looked at before, since opening some devices does something; and after, since the
    # name may lead elsewhere by then. Without O_NONBLOCK a pipe would wait for ever.
    kind = os.stat(name, dir_fd=home, follow_symlinks=False).st_mode
    if stat.S_ISLNK(kind):
        raise Unfit(say("intake.link"))
    if not wanted(kind):
        refuse_archive(name)
        raise Unfit(say("intake.file" if wanted is stat.S_ISREG else "intake.folder"))
    found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=home)
    with closing(found):
        if not wanted(os.fstat(found).st_mode):
            raise Unfit(say("intake.changing"))
        yield found


@contextlib.contextmanager
def closing(file: int) -> Iterator[int]:
    """Close an open file or folder at the end."""
    try:
        yield file
    finally:
        os.close(file)


def names(home: int) -> list[str]:
    """What an open folder holds, hidden files left out."""
    return sorted(name for name in os.listdir(home) if not name.startswith("."))


def holds_notebook(home: int, name: str) -> bool:
    """Whether a file in an open folder begins as a notebook, whatever its name is."""
    with (
        contextlib.suppress(OSError, Unfit),
        opened(home, name, stat.S_ISREG) as file,
    ):
        return NOTEBOOK.match(os.pread(file, 2**16, 0)) is not None
    return False


def _mode(home: int, name: str) -> int:
    return os.stat(name, dir_fd=home, follow_symlinks=False).st_mode


def is_folder(home: int, name: str) -> bool:
    """Whether a name in an open folder is a folder's, and no link's."""
    with contextlib.suppress(OSError):
        return stat.S_ISDIR(_mode(home, name))
    return False


def is_link(home: int, name: str) -> bool:
    """Whether a name in an open folder is a link's."""
    return stat.S_ISLNK(_mode(home, name))


def refuse_archive(name: str) -> None:
    """Raise `Unfit` for a name that packed files have."""
    if name.lower().endswith(ARCHIVES):
        raise Unfit(say("intake.archive"))
