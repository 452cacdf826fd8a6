"""The language in which the kit speaks, and what it says in both languages.

A catalogue is a TOML file. Each sentence has a key and both languages, with the same
places for values::

    [check]
    right.en = "✓ {exercise}: right."
    right.zh = "✓ {exercise}：正确。"

Code says ``say("check.right", exercise="add")``.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

LANGS = ("en", "zh")
_current = "en"


def speak(lang: str) -> None:
    """Choose the language of every later message: ``"en"`` or ``"zh"``.

    Raises:
        ValueError: another one.
    """
    global _current
    if lang not in LANGS:
        raise ValueError(f"lang is {lang!r}; choose one of {', '.join(LANGS)}")
    _current = lang


def language() -> str:
    """The language chosen last; English when none was."""
    return _current


@contextlib.contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak ``lang`` inside, and what was spoken before afterwards.

    Raises:
        ValueError: as for `speak`.
    """
    before = _current
    speak(lang)
    try:
        yield
    finally:
        speak(before)


def of_locale() -> str:
    """The language that the user's environment asks for: Chinese, or else English."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").lower().startswith("zh") else "en"


def one_line(path: Path | str) -> str:
    """A path as it is told: what prints nothing, such as a line break, is escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))


class Catalogue:
    """The sentences of a TOML file.

    Args:
        path: the file.

    Attributes:
        sentences: each in both languages, by key.
    """

    def __init__(self, path: Path) -> None:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        self.sentences: dict[str, dict[str, str]] = {
            f"{section}.{name}": both
            for section, rows in table.items()
            for name, both in rows.items()
        }

    def __call__(self, key: str, /, lang: str | None = None, **values: object) -> str:
        """The sentence in ``lang``, or in the language chosen last.

        Args:
            key: ``section.name``.
            lang: ``"en"`` or ``"zh"``.
            **values: what stands in the sentence's places; a path is told by
                `one_line`.

        Raises:
            KeyError: there is no such key, or a place has no value.
        """
        shown = {
            name: one_line(value) if isinstance(value, Path) else value
            for name, value in values.items()
        }
        return self.sentences[key][lang or _current].format(**shown)
