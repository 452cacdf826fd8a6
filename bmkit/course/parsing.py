"""Python's parser, for threads: it counts its depth in one place for all of them.

Two that make trees at one time can get ``SystemError: AST constructor recursion depth
mismatch`` for nothing that either did (seen with CPython 3.11.7).
"""

from __future__ import annotations

import ast
import threading

_one_at_a_time = threading.Lock()


def parse(source: str) -> ast.Module:
    """`ast.parse`, by one thread at a time.

    Raises:
        SyntaxError: as `ast.parse` does; ValueError, RecursionError and MemoryError too
            for strange code.
    """
    with _one_at_a_time:
        return ast.parse(source)
