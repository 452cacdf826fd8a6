"""Words of the document that the course follows, checked against the document.

`# %% [markdown] quote="§4.2.1"` holds the translation, and its Chinese the words as
they stand in that section. Where the document is not at hand nothing is checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bmkit.course.source.cells import Problem, Source
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason

DOCUMENT = "BMKIT_DOCUMENT"  # names the file; otherwise it is looked for
BESIDE = "shared/source/theme-design.zh.txt"  # beside the course's folder
LEAST = 4  # letters or signs of a quotation
HEADING = re.compile(r"^#+\s*(\d+(?:\.\d+)*)\.?\s", re.MULTILINE)


def document(root: Path) -> Path | None:
    """Where the document of the course in folder ``root`` is, if it is anywhere."""
    named = os.environ.get(DOCUMENT)
    path = Path(named) if named else root.parent / BESIDE
    return path if path.is_file() else None


class NoDocument(BmkitError):
    """The document is there and cannot be read; the message says why."""


def content(path: Path) -> str:
    """What stands in the document.

    Raises:
        NoDocument: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why = reason(error)
    except UnicodeDecodeError:
        why = say("course.no_text")
    raise NoDocument(say("main.refused", path=path, why=why))


def problems(source: Source) -> Iterator[Problem]:
    """Quotations that do not stand where they say."""
    quotes = [cell for cell in source.cells if cell.kind == "quote"]
    path = document(source.path.resolve().parents[2]) if quotes else None
    for cell in quotes:
        if path is None or cell.twin is None:
            continue
        number = cell.name.removeprefix("§").strip()
        if not re.fullmatch(r"\d+(\.\d+)*", number):
            message = f'{cell.name!r} is no section: as quote="§4.2.1"'
            yield Problem(source.path, cell.line, message)
            continue
        text = section(content(path), number)
        said = _bare(re.sub(r"^>\s?", "", cell.twin.source, flags=re.MULTILINE))
        if len(re.findall(r"\w", said)) < LEAST:
            message = "a quotation of so few words proves nothing"
            yield Problem(source.path, cell.twin.line, message)
        for part in filter(None, said.split("……")):
            if not text:
                message = f"the document has no section {number}"
                yield Problem(source.path, cell.line, message)
                break
            if part not in text:
                message = f"§{number} of the document does not say {part[:30]!r}"
                yield Problem(source.path, cell.twin.line, message)


@cache
def section(document: str, number: str) -> str:
    """A section with all that is below it, without blanks; empty if there is none."""
    begin = end = None
    for heading in HEADING.finditer(document):
        inside = heading[1] == number or heading[1].startswith(f"{number}.")
        if begin is None and heading[1] == number:
            begin = heading.start()
        elif begin is not None and not inside:
            end = heading.start()
            break
    return "" if begin is None else _bare(document[begin:end])


def _bare(text: str) -> str:
    """Text without blanks and marks: how a formula is set off is not its words."""
    return re.sub(r"[\s*`$]|\\[()\[\]]", "", text)
