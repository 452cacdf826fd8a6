"""Messages between two processes: a length, then JSON, bounded in size and time."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

from bmkit.course.words import say

LARGEST = 64 * 2**20  # bytes of one message
MOST = 2_000_000  # containers in one: each takes far more memory than its two bytes


class SerializationError(Exception):
    """A message that is too large, too deep or makes no sense."""


def send(channel: socket.socket, message: Any) -> None:
    """Send one message: its length in four bytes, then JSON.

    Raises:
        SerializationError: it is larger than `LARGEST`.
        OSError: the other side is gone.
    """
    data = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    if len(data) > LARGEST:
        raise SerializationError(say("value.large", size=len(data) / 2**20))
    channel.sendall(struct.pack(">I", len(data)) + data)


def receive(
    channel: socket.socket, *, until: float | None = None, largest: int = LARGEST
) -> Any:
    """The next message.

    Args:
        channel: a stream socket.
        until: by when the whole message must be here, on the monotonic clock.
        largest: how many bytes it may have.

    Raises:
        SerializationError: it is no message of ours.
        EOFError: the other side has closed.
        TimeoutError: it has not come in time, or not all of it.
    """
    (length,) = struct.unpack(">I", _exactly(channel, 4, until))
    if length > largest:
        raise SerializationError(say("value.large", size=length / 2**20))
    data = _exactly(channel, length, until)
    if data.count(b"[") + data.count(b"{") > MOST:
        raise SerializationError(say("value.containers", most=MOST))
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SerializationError(f"not JSON: {error}") from None


def _exactly(channel: socket.socket, count: int, until: float | None) -> bytes:
    data = bytearray()
    while len(data) < count:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
        part = channel.recv(min(count - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
