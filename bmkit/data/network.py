"""A file from its pinned URL, and what can go wrong on the way, each told apart."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, NoReturn

from bmkit.data.cards import DataError, File
from bmkit.lab.words import say

if TYPE_CHECKING:
    from requests import HTTPError
    from tqdm import tqdm

CONNECT = 10.0  # seconds until a server must have answered
READ = 15.0  # seconds a server may be silent in the middle of a file
TRIES = 2


class NetworkError(DataError):
    """A file did not come over the network; the message says what stands in the way."""


def download(file: File, stream: IO[bytes]) -> None:
    """Write what the file's URL gives into ``stream``; it is not verified here.

    Raises:
        NetworkError: it could not be had.
        OSError: it could not be written.
    """
    import pooch
    import requests

    _look_for_certificates(file)
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
            status = _status(error)
            if status < 500 or turn == TRIES:
                raise _failed(file, "status", status=status) from error
        except requests.Timeout as error:  # another wait would be as long
            wait = {"connect": CONNECT, "read": READ}
            raise _failed(file, "silent", **wait) from error
        except requests.RequestException as error:
            why = _why(error, file)
            if why != "unreachable" or turn == TRIES:
                kind = type(error).__name__
                told = {"error": kind, "proxy": _proxy(file)}
                raise _failed(file, why, **told) from error


def _look_for_certificates(file: File) -> None:
    """Refuse a bundle of certificates that is not there: requests tells no way out."""
    named = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    name = next((one for one in named if os.environ.get(one)), None)
    if name and file.url.startswith("https:") and not os.path.exists(os.environ[name]):
        raise _failed(file, "no_bundle", name=name, path=os.environ[name])


def _why(error: Exception, file: File) -> str:
    """The sentence for an error of requests: what stands in the way."""
    from requests import exceptions

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "certificate"
    if "SOCKS" in str(error) and isinstance(error, exceptions.InvalidSchema):
        return "socks"
    if isinstance(error, (exceptions.ProxyError, exceptions.InvalidProxyURL)):
        return "proxy"
    if _proxy(file) and isinstance(error, exceptions.ConnectionError):
        return "proxy"
    if type(reason).__name__ == "NameResolutionError":
        return "no_name"
    return "unreachable"


def _proxy(file: File) -> str:
    """The proxy between here and the file, without a password; empty for none."""
    from requests.utils import get_environ_proxies, select_proxy

    found = select_proxy(file.url, get_environ_proxies(file.url)) or ""
    scheme, _, rest = found.rpartition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}" if scheme else found


def _status(error: HTTPError) -> int:
    return 0 if error.response is None else error.response.status_code


def _failed(file: File, why: str, **more: object) -> NetworkError:
    told = {"host": file.host, "file": file.file, **more}
    return NetworkError(say(f"data.{why}", None, **told))


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
