"""Winnowed k-grams: what of a piece of code is compared with others.

As MOSS does (Schleimer, Wilkerson, Aiken: Winnowing, 2003): code becomes normalised
tokens (`normal_form`), every `K` tokens in a row are hashed, and of every `WINDOW`
hashes in a row the smallest is kept. What two answers share of at least
``K + WINDOW - 1`` tokens in a row is then always seen, what is shorter than `K` never.
"""

from __future__ import annotations

from zlib import crc32

from bmkit.course.grade.normal_form import rows

K = 5
WINDOW = 2


def fingerprints(code: str) -> frozenset[int]:
    """The winnowed k-grams of code, of whatever kind it is."""
    return frozenset(one for row in rows(code) for one in winnow(row))


def winnow(tokens: list[str]) -> set[int]:
    """The smallest hash of each window of k-grams."""
    grams = [
        crc32(" ".join(tokens[start : start + K]).encode("utf-8", "backslashreplace"))
        for start in range(len(tokens) - K + 1)
    ]
    starts = range(max(1, len(grams) - WINDOW + 1))
    return {min(grams[start : start + WINDOW]) for start in starts} if grams else set()
