"""Files that are there whole or not at all, whatever ends the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4


@contextlib.contextmanager
def draft(path: Path) -> Iterator[Path]:
    """Where to write what shall be ``path``: it gets that name when the block ends.

    Folders are made; after an error nothing has changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        yield made
        os.replace(made, path)
    except OSError as error:
        if error.filename == str(made):  # nobody outside knows the draft's name
            error.filename = str(path)
        raise
    finally:
        made.unlink(missing_ok=True)


def write(path: Path, text: str) -> Path:
    """Write text as UTF-8; return the path.

    Half a character, which UTF-8 has not but programs print, is written as an escape.
    """
    with draft(path) as made:
        made.write_bytes(text.encode("utf-8", "backslashreplace"))
    return path
