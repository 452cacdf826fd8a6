"""Where real files are: a mirror, the cache, or their pinned URL; verified, always."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from pathlib import Path

from bmkit.data import network
from bmkit.data.cards import Card, DataError, File
from bmkit.errors import reason
from bmkit.lab.words import say

_STALE = 3600.0  # seconds after which an unfinished download is nobody's any more


def mirror() -> Path | None:
    """The folder named by ``BMKIT_MIRROR``; ``None`` where none is named."""
    return _named("BMKIT_MIRROR")


def demand_mirror() -> None:
    """See that the mirror is there, where one is named.

    Raises:
        DataError: ``BMKIT_MIRROR`` names what is no folder.
    """
    if wrong := _no_mirror():
        raise wrong


def _no_mirror() -> DataError | None:
    folder = mirror()
    if folder is None or folder.is_dir():
        return None
    return DataError(say("data.no_mirror", path=folder))


def cache() -> Path:
    """``BMKIT_CACHE``, or the folder that this platform keeps for caches."""
    named = _named("BMKIT_CACHE")
    if named:
        return named
    from platformdirs import user_cache_path

    return user_cache_path("bmkit", appauthor=False) / "data"


def _named(variable: str) -> Path | None:
    """The folder that an environment variable names, in full; ``~`` is one's home."""
    named = os.environ.get(variable)
    return Path(os.path.abspath(os.path.expanduser(named))) if named else None


def offline() -> bool:
    """Whether the network is never to be tried: ``BMKIT_OFFLINE=1``."""
    return os.environ.get("BMKIT_OFFLINE", "0") not in ("", "0")


def check(path: Path, file: File) -> DataError | None:
    """``None`` when `path` holds exactly `file`, else what is wrong with it."""
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return DataError(say("data.absent", path=path))
    except OSError as error:
        return DataError(say("data.unreadable", path=path, why=reason(error)))
    if found == file.sha256:
        return None
    return DataError(
        say(
            "data.other",
            path=path,
            size=path.stat().st_size,
            found=found[:8],
            bytes=file.bytes,
            sha256=file.sha256[:8],
        )
    )


def places(card: Card, file: File) -> list[Path]:
    """Where a copy of `file` may stand: in the mirror, if any, and in the cache."""
    folders = [folder for folder in (mirror(), cache()) if folder is not None]
    return [folder / card.mirror / file.file for folder in folders]


def at_hand(card: Card, file: File) -> tuple[Path | None, list[DataError]]:
    """Find a good copy of `file` in the mirror or in the cache.

    Returns:
        Its path, or ``None``; and what is wrong with each copy that was passed over.
        That a copy is simply not there is wrong only in a mirror one has named.
    """
    wrong: list[DataError] = []
    for path in places(card, file):
        problem = check(path, file)
        if problem is None:
            return path, wrong
        if path.exists():
            wrong.append(problem)
        elif cache() not in path.parents:
            lacks = DataError(say("data.not_in_mirror", path=path))
            wrong.append(_no_mirror() or lacks)
    return None, wrong


def fetch(card: Card, file: File, folder: Path | None = None) -> Path:
    """Put a verified copy of `file` into the cache and return its path.

    It is taken from the mirror, or downloaded where the mirror has no good copy. What
    stands in the cache is replaced only by a copy that has been verified, in one step;
    any number of processes may do so at once.

    Args:
        card: whose file.
        file: which.
        folder: a mirror to put it into, instead of the cache.

    Raises:
        DataError: no good copy can be had, or it cannot be written.
    """
    target = (folder or cache()) / card.mirror / file.file
    if check(target, file) is None:
        return target
    sources = [path for path in places(card, file) if path != target]
    draft = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        draft = Path(name)
        with os.fdopen(handle, "w+b") as stream:
            for source in sources:
                if check(source, file) is None:
                    stream.write(source.read_bytes())
                    break
            else:
                if offline():
                    raise network.NetworkError(say("data.offline", file=file.file))
                network.download(file, stream)
        if check(draft, file):
            told = {"host": file.host, "file": file.file, "bytes": file.bytes}
            size = draft.stat().st_size
            raise network.NetworkError(say("data.got_other", None, **told, size=size))
        draft.chmod(0o644)  # a room may share one cache; mkstemp's are private
        try:
            os.replace(draft, target)
        except PermissionError:  # Windows: another process is reading its own good copy
            if check(target, file):
                raise
        return target
    except OSError as error:
        raise _unwritable(target, error, cached=folder is None) from error
    finally:
        if draft is not None:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what interrupted downloads left behind long ago."""
    for draft in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _STALE:
                draft.unlink()


def _unwritable(target: Path, error: OSError, cached: bool) -> DataError:
    if not cached:
        return DataError(say("files.unwritable", path=target, why=reason(error)))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(say("data.full", path=target))
    return DataError(say("data.unwritable", path=target, why=reason(error)))
