"""The kit's log: tracebacks and notes in a file of the course, on stderr with ``-v``.

Modules of the kit write to ``logging.getLogger(__name__)``. Nothing is shown or kept
until `begin` has been called, as the command line does. What other packages warn of is
kept too, and not printed between our lines.
"""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bmkit.course import state

LARGEST = 1_000_000  # bytes of one file
FORM = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_ours = logging.getLogger("bmkit")
_all = logging.getLogger()
_nobody = logging.NullHandler()


class _File(RotatingFileHandler):
    """A log file whose folder is made at the first line; never in anybody's way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            path, maxBytes=LARGEST, backupCount=2, encoding="utf-8", delay=True
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            state.make(self.path.parent)
        except OSError:  # a course that cannot be written is used all the same
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: a full disk must not end what the log is about."""


def begin(folder: Path | None, *, verbose: bool = False) -> None:
    """Keep the log in ``folder``/bmkit.log from now on.

    Args:
        folder: a course's ``.bmkit/log``; None where there is no course.
        verbose: print it on stderr too.
    """
    end()
    _ours.setLevel(logging.DEBUG)
    _ours.propagate = False
    if folder is not None:
        _ours.addHandler(_File(folder / "bmkit.log"))
    if verbose:
        _ours.addHandler(logging.StreamHandler())
    for handler in _ours.handlers:
        handler.setFormatter(logging.Formatter(FORM))
    # Python prints the warnings of a logger that nobody listens to.
    for handler in _ours.handlers or [_nobody]:
        _all.addHandler(handler)
    logging.captureWarnings(True)


def end() -> None:
    """Close the log."""
    logging.captureWarnings(False)
    _all.removeHandler(_nobody)
    for handler in list(_ours.handlers):
        _all.removeHandler(handler)
        _ours.removeHandler(handler)
        handler.close()
    _ours.propagate = True


def place() -> Path | None:
    """The file that the log is kept in, if there is one by now."""
    files = (h.path for h in _ours.handlers if isinstance(h, _File))
    return next((path for path in files if path.exists()), None)
