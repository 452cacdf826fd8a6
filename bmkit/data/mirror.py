"""A mirror: a folder of data sets' files for computers without a network.

Its layout is ``FOLDER/<card's mirror>/<card's file>``. Beside the sets lie a README in
both languages and ``SHA256SUMS``, for those who have no bmkit at hand.
"""

from __future__ import annotations

from pathlib import Path

from bmkit import atomic
from bmkit.data.cards import Card
from bmkit.lab.words import say
from bmkit.language import LANGS

README, SUMS = "README.md", "SHA256SUMS"


def describe(folder: Path, cards: list[Card]) -> Path:
    """Write README and sums of the sets that a mirror has; return the README.

    Args:
        folder: the mirror.
        cards: all data sets; those that are not in it are passed over.

    Raises:
        OSError: they cannot be written.
    """
    there = [
        card
        for card in cards
        if all((folder / card.mirror / file.file).is_file() for file in card.files)
    ]
    sums = [
        f"{file.sha256}  {card.mirror}/{file.file}\n"
        for card in there
        for file in card.files
    ]
    atomic.write(folder / SUMS, "".join(sums))
    parts = [part for lang in LANGS for part in _part(there, lang)]
    return atomic.write(folder / README, "\n".join(parts))


def _part(cards: list[Card], lang: str) -> list[str]:
    """The README in one language."""
    rows = [
        say(
            "mirror.set",
            lang,
            folder=card.mirror,
            title=card.title[lang],
            credit=card.credit,
            licence=card.licence,
        )
        for card in cards
    ]
    title = say("mirror.title", lang)
    return [f"# {title}\n", say("mirror.about", lang).strip(), "", *rows, ""]
