"""Poems: the Three Hundred Tang Poems, or a dozen of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmkit.data.cards import Card


@dataclass(frozen=True)
class Poem:
    """One poem, in traditional characters.

    Attributes:
        title: its title.
        author: who wrote it.
        lines: its lines as printed, punctuation included; most hold two verses
            (``"白日依山盡，黃河入海流。"``).
    """

    title: str
    author: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Poems:
    """A collection of poems.

    Attributes:
        poems: the poems, in the collection's order.
        real: True for the whole collection, False for the built-in dozen.
    """

    poems: tuple[Poem, ...]
    real: bool


def read(card: Card, paths: dict[str, Path]) -> Poems:
    """Read the JSON list of ``{title, author, paragraphs}``."""
    (path,) = paths.values()
    entries = json.loads(path.read_text(encoding="utf-8"))
    return Poems(tuple(_poem(entry, "paragraphs") for entry in entries), real=True)


def stand_in(card: Card) -> Poems:
    """Return the poems that stand on the card."""
    entries = card.stand_in["poems"]
    return Poems(tuple(_poem(entry, "lines") for entry in entries), real=False)


def _poem(entry: dict[str, Any], lines: str) -> Poem:
    return Poem(entry["title"], entry["author"], tuple(entry[lines]))
