"""The errors that are meant for users: one base, caught once by the command line."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bmkit.lab.words import say


class BmkitError(Exception):
    """Something that the user can do something about, said in one line.

    Attributes:
        code: the exit code of a command that ends with it.
    """

    code = 1

    def told(self, command: str) -> str:
        """What the command line prints: by whom, and what."""
        return f"{command}: {self}"


class WrongUse(BmkitError):
    """A command was given what it cannot take; the message says what it takes."""

    code = 2

    def _render_traceback_(self) -> list[str]:
        # IPython shows this line instead of a traceback through the kit's own code.
        return [f"✗ {self}"]


class CannotWrite(BmkitError):
    """A file or folder cannot be written; the message says which, and why."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What is done inside writes ``path``; that it cannot is the user's to mend.

    Raises:
        CannotWrite: instead of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise CannotWrite(say("files.unwritable", path=path, why=why)) from error


def make_folder(path: Path) -> Path:
    """Make a folder, and those above it, where it is not there; return it.

    Raises:
        CannotWrite: it cannot be made or written to, or is a file.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(path))
        with tempfile.TemporaryFile(dir=path):
            pass
    return path


def reason(error: OSError) -> str:
    """Why the system refused, in a few words."""
    name = errno.errorcode.get(error.errno or 0, "")
    if f"system.{name}" in say.sentences:
        return say(f"system.{name}")
    return error.strerror or str(error) or type(error).__name__
