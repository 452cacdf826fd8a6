"""The files that a student has beside a notebook: modules, tables, pictures.

They come along, as data, into the folder in which the notebook runs; so ``import
helper`` and ``open("data.csv")`` work there as they did at home. Few and small ones:
what is left out is told. None takes the name of a module that grading uses.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath

from bmkit.course.grade import receipt
from bmkit.course.grade.file_names import JUNK, notebook_of
from bmkit.course.grade.open_folder import Unfit, closing, is_folder, names, opened
from bmkit.course.words import say
from bmkit.errors import reason

FILES = 100  # files that come along with one notebook
BYTES = 10 * 2**20  # of them together
DEEP = 4  # folders within folders
SEEN = 2_000  # names that are looked at
CODE = (".py", ".pyc", ".so", ".pyd")


@dataclass
class Companions:
    """What comes along.

    Attributes:
        files: each one's bytes, by its path below the notebook's folder.
        left: what is left out, by the same, and why.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def mark(self, key: str) -> str:
        """A notebook's key, as it is together with these files."""
        if not self.files:
            return key
        digest = hashlib.sha256(key.encode())
        for name, data in sorted(self.files.items()):
            digest.update(hashlib.sha256(os.fsencode(name)).digest())
            digest.update(hashlib.sha256(data).digest())
        return digest.hexdigest()


def beside(home: int) -> Companions:
    """All that an open folder of one student's holds, but notebooks.

    Args:
        home: the folder's descriptor.
    """
    found = Companions()
    sizes = dict(_walk(home, PurePosixPath(), found))
    for name in sorted(sizes, key=lambda one: (sizes[one], one)):
        _take(home, name, found)
    return found


def named(path: Path, code: str) -> Companions:
    """Those files beside one's own notebook that its code names.

    Its folder may be anybody's, with all that lies in it; so nothing else is taken.

    Args:
        path: the notebook.
        code: what its cells hold.
    """
    found = Companions()
    if not hasattr(os, "O_DIRECTORY"):
        return found
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # a folder that shows only files that one knows
        return found
    with closing(folder) as home:
        waiting = [name for name in names(home) if not _ours(name)]
        while taken := [one for one in waiting if _named(home, one, code)]:
            waiting = [one for one in waiting if one not in taken]
            for one in taken:
                for name in _below(home, one, found):
                    _take(home, name, found)
                    if name.endswith(".py") and name in found.files:
                        code += "\n" + found.files[name].decode("utf-8", "replace")
    return found


def _named(home: int, name: str, code: str) -> bool:
    stem = re.escape(PurePosixPath(name).stem if name.endswith(".py") else name)
    if re.search(rf"^[ \t]*(from|import)\b[^\n]*\b{stem}\b", code, re.MULTILINE):
        return True
    whole = re.escape(name)
    if is_folder(home, name):
        return re.search(rf"[\"'/]{whole}[\"'/]", code) is not None
    return re.search(rf"(?<![\w.-]){whole}(?![\w-])", code) is not None


def _below(home: int, name: str, found: Companions) -> list[str]:
    """A file; or a folder's files."""
    if not is_folder(home, name):
        return [name]
    with contextlib.suppress(OSError, Unfit), opened(home, name, stat.S_ISDIR) as inner:
        return [path for path, _ in _walk(inner, PurePosixPath(name), found)]
    return []


def _ours(name: str) -> bool:
    """Whether it is none of the student's files, or a notebook."""
    made = name in (receipt.TIME, receipt.SECRET) or name.endswith(".feedback.html")
    return made or name in JUNK or bool(notebook_of(name))


def _walk(
    home: int, above: PurePosixPath, found: Companions
) -> Iterator[tuple[str, int]]:
    """Each file below an open folder and its size; what is left out is noted."""
    for name in names(home)[:SEEN]:
        path = str(above / name)
        if _ours(name):
            continue
        try:
            kind = os.stat(name, dir_fd=home, follow_symlinks=False)
            if stat.S_ISDIR(kind.st_mode):
                if len(above.parts) >= DEEP:
                    found.left[path] = say("beside.deep", most=DEEP)
                    continue
                with opened(home, name, stat.S_ISDIR) as inner:
                    yield from _walk(inner, above / name, found)
            elif stat.S_ISREG(kind.st_mode):
                yield path, kind.st_size
            else:
                link = stat.S_ISLNK(kind.st_mode)
                found.left[path] = say("intake.link" if link else "intake.file")
        except (OSError, Unfit) as error:
            found.left[path] = _why(error)


def _take(home: int, name: str, found: Companions) -> None:
    """Read one file, if it may come along."""
    room = BYTES - sum(map(len, found.files.values()))
    if _shadows(name):
        found.left[name] = say("beside.module")
        return
    if len(found.files) >= FILES:
        found.left[name] = say("beside.many", most=FILES)
        return
    try:
        data = _read(home, name, room)
    except (OSError, Unfit) as error:
        found.left[name] = _why(error)
        return
    if len(data) > room:
        found.left[name] = say("beside.large", most=BYTES / 2**20)
        return
    found.files[name] = data


def _read(home: int, name: str, most: int) -> bytes:
    """A file's bytes; one more than ``most`` where it has more."""
    *above, last = PurePosixPath(name).parts
    with contextlib.ExitStack() as stack:
        for part in above:
            home = stack.enter_context(opened(home, part, stat.S_ISDIR))
        file = stack.enter_context(opened(home, last, stat.S_ISREG))
        data = b""
        while len(data) <= most and (piece := os.read(file, most + 1 - len(data))):
            data += piece
    return data


def _shadows(name: str) -> bool:
    """Whether Python would import it in place of an installed module."""
    path = PurePosixPath(name)
    if path.suffix not in CODE:
        return False
    module = path.parts[0].partition(".")[0]
    if module in sys.stdlib_module_names or module in ("bmkit", "sitecustomize"):
        return True
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return PathFinder.find_spec(module, [*folders]) is not None


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return say("intake.unreadable", why=reason(error))
    return str(error)
