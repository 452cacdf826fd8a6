"""`bmkit data`: what data sets there are, have them here, see that they are right."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bmkit.course.cli import options
from bmkit.course.words import say
from bmkit.data import cards, mirror, store
from bmkit.data.cards import Card, DataError, File
from bmkit.errors import WrongUse, make_folder, writing
from bmkit.language import language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "action",
        choices=("list", "get", "verify", "mirror"),
        help="list: where each set is; get: keep verified copies in this computer's "
        "cache; verify: hash every file at hand again; mirror: make a folder of them, "
        "for computers without a network (BMKIT_MIRROR names it there)",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="data sets (default: all); of mirror, first the FOLDER",
    )
    options.add_lang(parser)


def main(args: argparse.Namespace) -> int:
    """Do ``args.action`` for ``args.names``, or for all; 1 when anything is wrong."""
    names = list(args.names)
    folder = names.pop(0) if names and args.action == "mirror" else ""
    if args.action == "mirror" and not folder.strip():
        raise WrongUse(say("sets.no_folder"))
    chosen = [cards.card(name) for name in names or cards.names()]
    store.demand_mirror()
    if folder:
        return _mirror(chosen, Path(folder).expanduser())
    return {"list": _list, "get": _get, "verify": _verify}[args.action](chosen)


def _list(chosen: list[Card]) -> int:
    from rich.console import Console
    from rich.table import Table

    heads = ("name", "what", "size", "where", "licence")
    table = Table(*(say(f"sets.{head}") for head in heads))
    for card in chosen:
        size = f"{card.bytes / 1e6:.1f} MB"
        table.add_row(
            card.name, card.title[language()], size, _where(card), card.licence
        )
    Console().print(table)
    return 0


def _where(card: Card) -> str:
    found = [store.at_hand(card, file)[0] for file in card.files]
    paths = [path for path in found if path is not None]
    if len(paths) < len(found):
        return say("sets.not_here")
    cached = all(store.cache() in path.parents for path in paths)
    return say("sets.cache" if cached else "sets.mirror")


def _get(chosen: list[Card], folder: Path | None = None) -> int:
    failed = False
    for card in chosen:
        for file in card.files:
            try:
                path = store.fetch(card, file, folder)
                print(say("sets.file", name=card.name, what=path))
            except DataError as error:
                failed = True
                line = say("sets.file", name=card.name, what=error)
                print(line, file=sys.stderr)
    return int(failed)


def _mirror(chosen: list[Card], folder: Path) -> int:
    """Fill a mirror; what is there already and right stays."""
    failed = _get(chosen, make_folder(folder))
    with writing(folder):
        about = mirror.describe(folder, cards.every())
    print(say("sets.mirror_made", path=about, folder=folder.resolve()))
    return failed


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
        print(say("sets.absent", name=card.name, file=file.file))
    right = True
    for path in found:
        problem = store.check(path, file)
        key = "sets.wrong" if problem else "sets.right"
        print(say(key, name=card.name, what=problem or path))
        right = right and problem is None
    return right
