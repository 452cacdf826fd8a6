"""The course's words in both languages, and whether a translation keeps to them.

`glossary.toml` beside this file says what each English term is called in Chinese, and
which lesson explains it; a course adds terms in its own ``solutions/glossary.toml``.
Code, formulas and links are no prose: a term within them asks for nothing.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bmkit.course import parsing
from bmkit.course.json_values import shaped
from bmkit.course.source.cells import Problem, SourceError

HOME = Path(__file__).with_suffix(".toml")
EXAMPLE = '"gradient" = ["梯度"]'
# Fenced and inline code, formulas and their labels, a link's address, an HTML tag.
NO_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\\(?:ref|label)\{[^}]*\}"
    r"|(?<=\])\([^)\s]*\)|<[^>\n]*>",
    re.DOTALL,
)


@dataclass
class Glossary:
    """The course's words.

    Attributes:
        terms: each English term, in small letters, and its Chinese; the longest first.
        known: terms that every reader is taken to know.
        forms: other forms of a term, and the term that introduces them.
        homes: the lesson that introduces a term, by its slug.
    """

    terms: dict[str, list[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    forms: dict[str, str] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)

    def base(self, term: str) -> str:
        """The term that this one is a form of, or itself."""
        return self.forms.get(term, term)


def own(solutions: Path) -> Path | None:
    """The file of a course's own terms, if it has one."""
    path = solutions / HOME.name
    return path if path.is_file() else None


def glossary(solutions: Path | None = None) -> Glossary:
    """The words of bmkit's glossary, and of a course's own, which count first.

    Args:
        solutions: the folder of a course's sources.

    Raises:
        SourceError: the course's file is no glossary.
    """
    path = own(solutions) if solutions else None
    return _glossary(path, path.stat().st_mtime_ns if path else 0)


def terms(solutions: Path | None = None) -> dict[str, list[str]]:
    """Each English term, in small letters, and its Chinese; the longest first.

    Raises:
        SourceError: as for `glossary`.
    """
    return glossary(solutions).terms


@cache
def _glossary(path: Path | None, _changed: int) -> Glossary:
    found = _read(HOME, Glossary())
    if path:
        try:
            found = _read(path, found)
        except ValueError as error:
            message = f"no glossary, [terms] with lines such as {EXAMPLE}: {error}"
            raise SourceError([Problem(path, 1, message)]) from None
    longest = sorted(found.terms.items(), key=lambda item: (-len(item[0]), item[0]))
    found.terms = dict(longest)
    return found


def _read(path: Path, before: Glossary) -> Glossary:
    """What a file says, and what was said before where it says nothing else.

    Raises:
        ValueError: it is no glossary, or speaks of a term that has no translation.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    terms = shaped(table.get("terms"), dict[str, list[str]])
    lessons = shaped(table.get("lessons", {}), dict[str, list[str]])
    homes: dict[str, str] = {}
    for slug, listed in lessons.items():
        for term in map(str.lower, listed):
            if homes.setdefault(term, slug) != slug:
                raise ValueError(f"{term!r} is at home in {homes[term]} and in {slug}")
    known = {term.lower() for term in shaped(table.get("known", []), list[str])}
    forms = shaped(table.get("forms", {}), dict[str, str])
    found = Glossary(
        before.terms | {term.lower(): words for term, words in terms.items() if words},
        before.known | known,
        before.forms | {form.lower(): term.lower() for form, term in forms.items()},
        before.homes | homes,
    )
    for term in (*found.known, *found.forms, *found.forms.values(), *found.homes):
        if term not in found.terms:
            raise ValueError(f"{term!r} has no translation under [terms]")
    return found


@cache
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    # A line may break within a term. The longest come first, so that none is met
    # again as a part of another.
    words = (re.escape(term).replace(r"\ ", r"\s+") for term in terms)
    return re.compile(rf"(?<![\w-])({'|'.join(words)})s?(?![\w-])", re.IGNORECASE)


def used(english: str, solutions: Path | None = None) -> list[str]:
    """The terms that an English text uses, each once, in order."""
    return list(dict.fromkeys(term for term, _ in places(english, solutions)))


def places(english: str, solutions: Path | None = None) -> Iterator[tuple[str, int]]:
    """The terms that an English text uses, and before how many line breaks."""
    # What is no prose leaves its line breaks, so that lines can be told.
    text = NO_PROSE.sub(lambda found: f" {chr(10) * found[0].count(chr(10))}", english)
    for found in _pattern(tuple(terms(solutions))).finditer(text):
        term = re.sub(r"\s+", " ", found[1]).lower()
        yield term, text.count("\n", 0, found.start())


def missing(english: str, chinese: str, solutions: Path | None = None) -> list[str]:
    """What a translation lacks: a line for each term that it does not have.

    Args:
        english: prose or a message.
        chinese: its translation. The title of a book or paper may stay in English.
        solutions: as for `terms`.
    """
    known = terms(solutions)
    # A line break of the source is no gap in Chinese, and may fall within a word.
    text = re.sub(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])", "", chinese).lower()
    text = re.sub(r"\s+", " ", text)
    return [
        f"the translation lacks {term!r}: in Chinese {' or '.join(known[term])}"
        for term in used(english, solutions)
        if not any(word.lower() in text for word in known[term])
        and not _in_title(term, text)
    ]


def _in_title(term: str, text: str) -> bool:
    """Whether Chinese text has the English term beside another English word."""
    word = re.escape(term)
    beside = rf"[a-z]{{2,}},? {word}s?\b|\b{word}s?:? [a-z]{{2,}}"
    return re.search(beside, text) is not None


def names(code: str) -> re.Pattern[str]:
    """Matches a program's own names, which docstrings speak of and nobody translates.

    Args:
        code: a program that Python can read.
    """
    found = {"(?!)"}  # matches nothing
    for node in ast.walk(parsing.parse(code)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
            found.add(node.arg)
    return re.compile(rf"\b(?:{'|'.join(sorted(found))})\b")
