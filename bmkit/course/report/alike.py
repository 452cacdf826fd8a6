"""Claims that may be about the same thing: for a person to compare and reconcile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from bmkit.course.report.registry import Entry

WORD = re.compile(r"[^\W\d_]{2,}")
MOST = 0.5  # of the words of the shorter sentence, more than these are the other's too
LEAST = 3  # words in common: a sentence of two says too little to be compared
# Words that say nothing of what a sentence is about.
COMMON = """
an and are as at be both but by can do does each even far for from has have in is it
its less more most no not of on one only or other our same so still than that the their
them then there these they this to two under until up was what when where which while
who with without yet your
"""


def alike(entries: list[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Pairs of claims of different lessons that share most of their words.

    Sentences are compared in English. The pairs most alike come first.
    """
    words = [_words(entry.sentence["en"]) for entry in entries]
    pairs = []
    for a, b in combinations(range(len(entries)), 2):
        if entries[a].lesson == entries[b].lesson:
            continue
        shared = len(words[a] & words[b])
        part = shared / (min(len(words[a]), len(words[b])) or 1)
        same = entries[a].sentence["en"] == entries[b].sentence["en"]
        if same or (shared >= LEAST and part > MOST):
            pairs.append((not same, -part, -shared, a, b))
    for *_, a, b in sorted(pairs):
        yield entries[a], entries[b]


def _words(sentence: str) -> set[str]:
    """What a sentence is about; of a plural, the singular."""
    words = set(WORD.findall(sentence.lower())) - set(COMMON.split())
    return {word.removesuffix("s") for word in words}
