"""Data for lessons: ``bm.data.load("news", lab)`` gives a typed object.

The schema is the same from the real set and from its built-in stand-in; ``.real`` says
which it is. Cards in `datasets/` say what each set is and where it comes from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bmkit import language
from bmkit.data import cards, news, plays, poems, store
from bmkit.data.cards import Card, DataError
from bmkit.data.network import NetworkError
from bmkit.data.news import News
from bmkit.data.plays import Plays
from bmkit.data.poems import Poem, Poems
from bmkit.lab.words import say

if TYPE_CHECKING:
    from bmkit.lab.start import Lab

__all__ = ["DataError", "News", "Plays", "Poem", "Poems", "hashes", "load", "used"]

USED = "BMKIT_DATA_USED"  # names the file in which `load` notes what it took
Loaded = News | Plays | Poems


class Kind(Protocol):
    """What a module has that reads one data set."""

    def read(self, card: Card, paths: dict[str, Path], /) -> Loaded: ...
    def stand_in(self, card: Card, /) -> Loaded: ...


_ROOMS: dict[str, Kind] = {"news": news, "plays": plays, "poems": poems}


def load(name: str, lab: Lab | None = None) -> Loaded:
    """Return a data set: the real one where it can be had, else its stand-in.

    Profile ``ci`` always takes the stand-in. The others look in the folder that
    ``BMKIT_MIRROR`` names, then in the cache, then at the pinned URL (never where
    ``BMKIT_OFFLINE=1``); every file is verified against the card. Where the stand-in is
    taken, one printed line says so, why, and what to do.

    Args:
        name: ``"news"``, ``"plays"`` or ``"poems"``.
        lab: what `bm.start` returned; ``None`` is profile ``workshop`` in English.

    Raises:
        DataError: there is no data set of that name, or its card is broken.
    """
    with language.speaking("en" if lab is None else lab.lang):
        card = cards.card(name)
        room = _ROOMS[name]
        if lab is not None and lab.profile == "ci":
            print(say("data.small", name=name))
            _note(card, real=False)
            return room.stand_in(card)
        try:
            paths, passed_over = _real(card)
        except DataError as error:
            print(say("data.stand_in", name=name, why=error))
            _note(card, real=False)
            return room.stand_in(card)
        if passed_over:
            print(say("data.elsewhere", name=name, why=_joined(passed_over)))
        _note(card, real=True)
        return room.read(card, paths)


def hashes(names: Iterable[str], profile: str) -> dict[str, str]:
    """Say what identifies the data that a run would use now.

    Args:
        names: data sets.
        profile: the run's profile.

    Returns:
        For each name ``"real:..."`` (what the card says of files and split, where good
        files are at hand) or ``"stand-in:..."`` (of the whole card).

    Raises:
        DataError: there is no data set of some name, or its card is broken.
    """
    found = {}
    for name in names:
        card = cards.card(name)
        real = profile != "ci" and all(
            store.at_hand(card, file)[0] for file in card.files
        )
        found[name] = _identity(card, real)
    return found


def used(path: Path) -> dict[str, set[str]]:
    """What a lesson really loaded, by name, as `hashes` says it.

    Args:
        path: the file that ``BMKIT_DATA_USED`` named where the lesson ran.
    """
    found: dict[str, set[str]] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, what = line.split("\t")
            found.setdefault(name, set()).add(what)
    return found


def _note(card: Card, real: bool) -> None:
    """Say which data was used to whoever runs this lesson and asked to be told."""
    if path := os.environ.get(USED):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{card.name}\t{_identity(card, real)}\n")


def _identity(card: Card, real: bool) -> str:
    if not real:
        return "stand-in:" + card.digest
    what = f"{[file.sha256 for file in card.files]} {card.split}"
    return "real:" + hashlib.sha256(what.encode()).hexdigest()


def _real(card: Card) -> tuple[dict[str, Path], list[DataError]]:
    paths, passed_over = {}, []
    for file in card.files:
        path, wrong = store.at_hand(card, file)
        if path is None:
            try:
                path = store.fetch(card, file)
            except NetworkError as error:
                # Who has named a mirror counts on it, not on the network.
                lacking = [] if wrong and store.mirror() else [error]
                raise _joined([*wrong, *lacking]) from error
            except DataError as error:
                raise _joined([*wrong, error]) from error
        passed_over += wrong
        paths[file.file] = path
    return paths, passed_over


def _joined(errors: list[DataError]) -> DataError:
    """All of them in one line."""
    return DataError(say("data.and").join(map(str, errors)))
