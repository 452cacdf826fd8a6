"""Where real files are: a mirror, the cache, or their pinned URL; verified, always."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from bmkit.data.cards import Card, DataError, File
from bmkit.errors import reason
from bmkit.lab.words import say

if TYPE_CHECKING:
    from tqdm import tqdm

CONNECT = 10.0  # seconds until a server must have answered
READ = 15.0  # seconds a server may be silent in the middle of a file
TRIES = 2
_STALE = 3600.0  # seconds after which an unfinished download is nobody's any more


def mirror() -> Path | None:
    """The folder named by ``BMKIT_MIRROR``; ``None`` where none is named."""
    named = os.environ.get("BMKIT_MIRROR")
    return Path(named) if named else None


def cache() -> Path:
    """``BMKIT_CACHE``, or the folder that this platform keeps for caches."""
    named = os.environ.get("BMKIT_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("bmkit", appauthor=False) / "data"


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
        if path.exists() or cache() not in path.parents:
            wrong.append(problem)
    return None, wrong


def fetch(card: Card, file: File) -> Path:
    """Put a verified copy of `file` into the cache and return its path.

    It is taken from the mirror, or downloaded where the mirror has no good copy. What
    stands in the cache is replaced only by a copy that has been verified, in one step;
    any number of processes may do so at once.

    Raises:
        DataError: no good copy can be had, or it cannot be written.
    """
    target = cache() / card.mirror / file.file
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
                _download(file, stream)
        problem = check(draft, file)
        if problem:
            size = draft.stat().st_size
            raise DataError(
                say("data.got_other", **_named(file), size=size, bytes=file.bytes)
            )
        draft.chmod(0o644)  # a room may share one cache; mkstemp's are private
        try:
            os.replace(draft, target)
        except PermissionError:  # Windows: another process is reading its own good copy
            if check(target, file):
                raise
        return target
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        if draft is not None:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def _download(file: File, stream: IO[bytes]) -> None:
    if offline():
        raise DataError(say("data.offline", file=file.file))
    import pooch
    import requests

    for turn in range(1, TRIES + 1):
        stream.seek(0)
        stream.truncate()
        try:
            with _bar(file) as bar:
                get = pooch.HTTPDownloader(
                    progressbar=bar, chunk_size=1 << 15, timeout=(CONNECT, READ)
                )
                get(file.url, stream, None)
            return
        except requests.HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            if status < 500 or turn == TRIES:
                raise DataError(
                    say("data.status", **_named(file), status=status)
                ) from error
        except requests.Timeout as error:  # another wait would be as long
            raise DataError(
                say("data.silent", **_named(file), connect=CONNECT, read=READ)
            ) from error
        except requests.RequestException as error:
            if turn == TRIES:
                raise DataError(
                    say("data.unreachable", **_named(file), error=type(error).__name__)
                ) from error


def _named(file: File) -> dict[str, str]:
    return {"host": file.host, "file": file.file}


def _bar(file: File) -> tqdm[NoReturn]:
    from tqdm import tqdm

    class Bar(tqdm):
        def reset(self, total: float | None = None) -> None:
            """Count from zero; tqdm's own draws the bar at once, delay or not."""
            self.n = 0

    # Standard output: a notebook paints standard error red.
    return Bar(
        total=file.bytes,
        desc=file.file,
        unit="B",
        unit_scale=True,
        leave=False,
        delay=0.5,  # a download that fails at once shows no bar
        ncols=79,
        ascii=sys.platform == "win32",
        file=sys.stdout,
    )


def _sweep(folder: Path) -> None:
    """Remove what interrupted downloads left behind long ago."""
    for draft in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _STALE:
                draft.unlink()


def _unwritable(target: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(say("data.full", path=target))
    return DataError(say("data.unwritable", path=target, why=reason(error)))
