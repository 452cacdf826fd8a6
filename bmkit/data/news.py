"""News: Chinese headlines of four classes, real or made from templates."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.data.cards import Card

if TYPE_CHECKING:
    import numpy as np

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, eq=False)
class News:
    """Headlines and their classes.

    Attributes:
        train_texts: headlines to learn from, shuffled; every class equally often.
        train_labels: shape (n_train,), int64, indices into `classes`.
        test_texts: headlines held out, shuffled; none stands in `train_texts`.
        test_labels: shape (n_test,), int64.
        classes: ``("politics", "economy", "sports", "entertainment")``.
        classes_zh: the same four in Chinese.
        real: True for THUCNews, False for the stand-in.
    """

    train_texts: list[str]
    train_labels: np.ndarray
    test_texts: list[str]
    test_labels: np.ndarray
    classes: tuple[str, ...]
    classes_zh: tuple[str, ...]
    real: bool


def read(card: Card, paths: dict[str, Path]) -> News:
    """Choose the card's four classes from the real files.

    The choice hangs on the card's own seed, so that everybody has the same headlines.
    A headline of `dev.txt` that stands in `test.txt` too (whatever its class there,
    compared without spaces, punctuation and case) is dropped before choosing.
    """
    split = card.split
    upstream = paths["class.txt"].read_text(encoding="utf-8").split()
    wanted = {
        upstream.index(split["from"][name]): label
        for label, name in enumerate(split["classes"])
    }
    dev, test = _lines(paths["dev.txt"]), _lines(paths["test.txt"])
    leaked = {bare(text) for text, _ in test}
    draw = random.Random(split["seed"])
    train_rows = _choose(
        [row for row in dev if bare(row[0]) not in leaked],
        wanted,
        split["train_per_class"],
        draw,
    )
    test_rows = _choose(test, wanted, split["test_per_class"], draw)
    return _news(card, train_rows, test_rows, real=True)


def stand_in(card: Card) -> News:
    """Fill the card's templates with its words: the same headlines every time.

    No headline comes twice. A class has its own templates and words; the templates
    under ``any`` say nothing of the class beyond their words, and some words belong to
    several classes, so that no classifier gets everything right.
    """
    made = card.stand_in
    draw = random.Random(made["seed"])
    seen: set[str] = set()
    halves: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    for rows, per_class in zip(
        halves, (made["train_per_class"], made["test_per_class"]), strict=True
    ):
        for label, name in enumerate(card.split["classes"]):
            words = made["words"] | made[name]
            while sum(row[1] == label for row in rows) < per_class:
                shared = draw.random() < made["share_of_any"]
                template = draw.choice(made["any" if shared else name]["templates"])
                text = fill(template, words, draw)
                if text not in seen:
                    seen.add(text)
                    rows.append((text, label))
        draw.shuffle(rows)
    return _news(card, *halves, real=False)


def fill(template: str, words: dict[str, list[str]], draw: random.Random) -> str:
    """Replace every ``{slot}`` by one of the slot's words, which may hold slots too."""
    while _SLOT.search(template):
        template = _SLOT.sub(lambda slot: draw.choice(words[slot[1]]), template)
    return template


def bare(text: str) -> str:
    """A headline without spaces, punctuation and case, to compare it with others."""
    return re.sub(r"[\W_]+", "", text).lower()


def _lines(path: Path) -> list[tuple[str, int]]:
    rows = (line.rsplit("\t", 1) for line in path.read_text("utf-8").splitlines())
    return [(text, int(label)) for text, label in rows]


def _choose(
    rows: list[tuple[str, int]], wanted: dict[int, int], each: int, draw: random.Random
) -> list[tuple[str, int]]:
    chosen = []
    for upstream, label in wanted.items():
        # dict.fromkeys: a headline that comes twice is one headline.
        texts = list(dict.fromkeys(text for text, number in rows if number == upstream))
        chosen += [(text, label) for text in draw.sample(texts, each)]
    draw.shuffle(chosen)
    return chosen


def _news(
    card: Card, train: list[tuple[str, int]], test: list[tuple[str, int]], *, real: bool
) -> News:
    import numpy as np

    return News(
        train_texts=[text for text, _ in train],
        train_labels=np.array([label for _, label in train], dtype=np.int64),
        test_texts=[text for text, _ in test],
        test_labels=np.array([label for _, label in test], dtype=np.int64),
        classes=tuple(card.split["classes"]),
        classes_zh=tuple(card.split["classes_zh"]),
        real=real,
    )
