"""The cards of data sets: what each is, where it comes from, its licence and hashes.

A card is `datasets/<name>.toml`. It also holds what the built-in stand-in is made of.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bmkit.errors import BmkitError
from bmkit.lab.words import say

# A wheel carries the cards inside the package. A folder "datasets" beside an installed
# package would be somebody else's: the repository's is the second choice.
_INSIDE = Path(__file__).parent / "cards"
FOLDER = _INSIDE if _INSIDE.is_dir() else Path(__file__).parents[2] / "datasets"


class DataError(BmkitError):
    """Data that cannot be had; the message says why, in one line."""


class UnknownData(DataError):
    """A name that no data set has; the message has those that there are."""

    code = 2


@dataclass(frozen=True)
class File:
    """One real file: name, pinned URL, SHA-256 (64 hex digits), size in bytes."""

    file: str
    url: str
    sha256: str
    bytes: int

    @property
    def host(self) -> str:
        """The server's name, short enough for a line to the reader."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True)
class Card:
    """One data set.

    Attributes:
        name: what lessons call it.
        title: ``{"en": ..., "zh": ...}``.
        about: one sentence on it, in both languages.
        credit: whom to thank.
        licence: what one may do with the real files.
        mirror: the folder of these files in a mirror and in the cache.
        files: the real files, in the order in which the set's reader takes them.
        split: what is chosen from them; empty where nothing is chosen.
        stand_in: what the stand-in is made of.
        digest: SHA-256 of the whole card's text.
    """

    name: str
    title: dict[str, str]
    about: dict[str, str]
    credit: str
    licence: str
    mirror: str
    files: tuple[File, ...]
    split: dict[str, Any]
    stand_in: dict[str, Any]
    digest: str

    @property
    def bytes(self) -> int:
        """The size of all the real files together."""
        return sum(file.bytes for file in self.files)


def names() -> list[str]:
    """The names of all cards, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def every() -> list[Card]:
    """All cards, by name."""
    return [card(name) for name in names()]


def card(name: str) -> Card:
    """Read one card.

    Raises:
        UnknownData: there is no such card.
        DataError: it cannot be read.
    """
    known = names()
    if name not in known:
        raise UnknownData(say("data.unknown", name=name, known=", ".join(known)))
    try:
        # Universal newlines: a checkout on Windows has the same digest.
        text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        fields = tomllib.loads(text)
        return Card(
            name=name,
            title=fields["title"],
            about=fields["about"],
            credit=fields["credit"],
            licence=fields["licence"],
            mirror=fields["mirror"],
            files=tuple(File(**file) for file in fields["files"]),
            split=fields.get("split", {}),
            stand_in=fields["stand_in"],
            digest=hashlib.sha256(text.encode()).hexdigest(),
        )
    except (KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise DataError(say("data.card", name=name, error=what)) from error
