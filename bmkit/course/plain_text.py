"""What is printed where not every character can be: replaced, never a traceback.

Windows' consoles and redirected output are often not UTF-8. Signs that tell right from
wrong stay two different signs; what has no likeness becomes a question mark.
"""

from __future__ import annotations

import codecs
import sys

LIKE = {"✓": "+", "✗": "x", "…": "...", "–": "-", "—": "-", "·": "-", "→": "->"} | {
    **{"█": "#", "░": ".", "“": '"', "”": '"', "’": "'", "≤": "<=", "≥": ">="},
    **dict.fromkeys("━─", "-"),
    **dict.fromkeys("│┃", "|"),
    **dict.fromkeys("┏┓┗┛┌┐└┘├┤┬┴┼╇╈╋┡┩", "+"),
}


def allow() -> None:
    """Let standard output and error take any text from now on."""
    codecs.register_error("bmkit", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where a test or a notebook listens
            stream.reconfigure(errors="bmkit")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    said = "".join(LIKE.get(sign, "?") for sign in signs)
    return said.encode(error.encoding, "replace").decode(error.encoding), error.end
