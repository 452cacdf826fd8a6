"""A picture is one only if its bytes say so, and only of a size that browsers bear."""

from __future__ import annotations

import base64
import binascii
import struct

PIXELS = 40_000_000  # a small file can unpack to more than a browser holds


def image(encoded: str) -> bytes:
    """The bytes of a PNG or JPEG of bearable size; none if it is not one."""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
        if raw.startswith(b"\x89PNG\r\n\x1a\n") and raw[12:16] == b"IHDR":
            width, height = struct.unpack(">II", raw[16:24])
        elif raw.startswith(b"\xff\xd8\xff"):
            height, width = _jpeg(raw)
        else:
            return b""
    except (binascii.Error, ValueError, struct.error):
        return b""
    return raw if 0 < width * height <= PIXELS else b""


def _jpeg(raw: bytes) -> tuple[int, int]:
    """Height and width, from the frame header, which follows other segments."""
    place = 2
    while True:
        lead, kind, length = struct.unpack(">BBH", raw[place : place + 4])
        if lead != 0xFF or length < 2:
            raise ValueError("no segment begins here")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return struct.unpack(">HH", raw[place + 5 : place + 9])
        place += 2 + length
