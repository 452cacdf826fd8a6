"""Python's argparse, whose own words are in the user's language, an error in one line.

argparse asks gettext for its words. For as long as a command line is read, they come
from our catalogue instead.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from typing import NoReturn

from bmkit.course.words import say
from bmkit.language import LANGS, language, of_locale, one_line

# The sentences of argparse that the catalogue has. One that it lacks, as another
# version of Python may have, stays in English.
SENTENCES = (
    *("usage", "positional", "options", "help", "argument", "choice", "unrecognized"),
    *("required", "one_required", "one", "at_most_one", "at_least_one", "many"),
    *("not_with", "explicit", "ambiguous", "value"),
)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave with 2."""
        line = say("main.see", message=one_line(message), command=self.prog)
        self.exit(2, f"{line}\n")


def asked_for(words: Sequence[str]) -> str:
    """The language that a command line asks for, or else the locale's."""
    for word, following in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if name == "--lang" and (value if equals else following) in LANGS:
            return value if equals else following
    return of_locale()


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Inside, argparse speaks the language chosen last."""
    ours = {
        both["en"]: both[language()]
        for both in (say.sentences[f"argparse.{name}"] for name in SENTENCES)
    }
    module = vars(argparse)
    before = {name: module[name] for name in ("_", "ngettext")}
    module["_"] = lambda text: ours.get(text, text)
    module["ngettext"] = lambda one, many, n: ours.get(many, one if n == 1 else many)
    try:
        yield
    finally:
        module.update(before)
