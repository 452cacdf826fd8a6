"""Plays: one long text of speeches, Shakespeare's or our own made-up ones."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from bmkit.data.cards import Card
from bmkit.data.news import fill


@dataclass(frozen=True)
class Plays:
    """Speeches, one after the other.

    Attributes:
        text: ``"NAME:\\nline\\nline\\n\\nNAME:\\n..."``, lines ended by ``"\\n"``.
        real: True for Shakespeare, False for the stand-in.
    """

    text: str
    real: bool


def read(card: Card, paths: dict[str, Path]) -> Plays:
    """Return the whole file as it is."""
    (path,) = paths.values()
    return Plays(path.read_text(encoding="utf-8"), real=True)


def stand_in(card: Card) -> Plays:
    """Let the card's people speak the card's sentences: the same play every time."""
    made = card.stand_in
    draw = random.Random(made["seed"])
    speeches: list[str] = []
    previous = ""
    while sum(map(len, speeches)) < made["characters"]:
        # Nobody speaks twice running: that would be one speech.
        name = draw.choice([who for who in made["people"] if who != previous])
        lines = [
            fill(draw.choice(made["lines"]), made["words"], draw)
            for _ in range(draw.choice((1, 1, 2, 2, 3)))
        ]
        speeches.append("\n".join([f"{name}:", *(x[0].upper() + x[1:] for x in lines)]))
        speeches[-1] += "\n\n"
        previous = name
    return Plays("".join(speeches).rstrip("\n") + "\n", real=False)
