"""The course's words in both languages, and whether a translation keeps to them.

`glossary.toml` beside this file says what each English term is called in Chinese; a
course adds terms in a ``solutions/glossary.toml`` of its own. Code, formulas and links
are no prose: a term within them asks for nothing.
"""

from __future__ import annotations

import ast
import re
import tomllib
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


def own(solutions: Path) -> Path | None:
    """The file of a course's own terms, if it has one."""
    path = solutions / HOME.name
    return path if path.is_file() else None


def terms(solutions: Path | None = None) -> dict[str, list[str]]:
    """Each English term, in small letters, and its Chinese; the longest first.

    Args:
        solutions: the folder of a course's sources, whose own terms come first.

    Raises:
        SourceError: the course's file is no glossary.
    """
    path = own(solutions) if solutions else None
    return _terms(path, path.stat().st_mtime_ns if path else 0)


@cache
def _terms(path: Path | None, _changed: int) -> dict[str, list[str]]:
    found = _read(HOME)
    if path:
        try:
            found |= _read(path)
        except ValueError as error:
            message = f"no glossary, [terms] with lines such as {EXAMPLE}: {error}"
            raise SourceError([Problem(path, 1, message)]) from None
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def _read(path: Path) -> dict[str, list[str]]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    found = shaped(table.get("terms"), dict[str, list[str]])
    return {term.lower(): chinese for term, chinese in found.items() if chinese}


@cache
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    # A line may break within a term. The longest come first, so that none is met
    # again as a part of another.
    words = (re.escape(term).replace(r"\ ", r"\s+") for term in terms)
    return re.compile(rf"(?<![\w-])({'|'.join(words)})s?(?![\w-])", re.IGNORECASE)


def used(english: str, solutions: Path | None = None) -> list[str]:
    """The terms that an English text uses, each once, in order."""
    pattern = _pattern(tuple(terms(solutions)))
    text = NO_PROSE.sub(" ", english)
    met = (re.sub(r"\s+", " ", m[1]).lower() for m in pattern.finditer(text))
    return list(dict.fromkeys(met))


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
