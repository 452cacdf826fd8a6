"""`bmkit data`: what data sets there are, have them here, see that they are right."""

from __future__ import annotations

import argparse
import sys

from bmkit.data import cards, store
from bmkit.data.cards import Card, DataError, File


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "action",
        choices=("list", "get", "verify"),
        help="list: where each set is; get: keep verified copies in this computer's "
        "cache; verify: hash every file at hand again",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="data sets (default: all)"
    )


def main(args: argparse.Namespace) -> int:
    """Do ``args.action`` for ``args.names``, or for all; 1 when anything is wrong."""
    try:
        chosen = [cards.card(name) for name in args.names or cards.names()]
    except DataError as error:
        print(f"bmkit: {error}", file=sys.stderr)
        return 2
    return {"list": _list, "get": _get, "verify": _verify}[args.action](chosen)


def _list(chosen: list[Card]) -> int:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "what", "size", "where", "licence")
    for card in chosen:
        size = f"{card.bytes / 1e6:.1f} MB"
        table.add_row(card.name, card.title["en"], size, _where(card), card.licence)
    Console().print(table)
    return 0


def _where(card: Card) -> str:
    paths = [store.at_hand(card, file)[0] for file in card.files]
    if None in paths:
        return "not here"
    return "cache" if all(store.cache() in path.parents for path in paths) else "mirror"


def _get(chosen: list[Card]) -> int:
    failed = False
    for card in chosen:
        for file in card.files:
            try:
                print(f"{card.name}: {store.fetch(card, file)}")
            except DataError as error:
                failed = True
                print(f"{card.name}: {error}", file=sys.stderr)
    return int(failed)


def _verify(chosen: list[Card]) -> int:
    wrong = False
    for card in chosen:
        for file in card.files:
            wrong = not _verified(card, file) or wrong
    return int(wrong)


def _verified(card: Card, file: File) -> bool:
    """Print a line for each copy; False when a copy is there and not right."""
    found = [path for path in store.places(card, file) if path.exists()]
    if not found:
        print(f"{card.name}: {file.file}: not here")
    right = True
    for path in found:
        problem = store.check(path, file)
        print(f"{card.name}: {'WRONG: ' if problem else 'right: '}{problem or path}")
        right = right and problem is None
    return right
