"""Odd hand-ins of the kinds that rooms really have, made from one right notebook.

`fill` makes a room: honest work, and among it one of each kind in turn. For each it
says what must come of it: ``full`` marks under a student's id; ``listed``, a line that
names the file; ``noted``, full marks and a line; ``told``, marks missing and the reason
with each; ``person``, a person called.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bmkit.course.build.nbgrader_cells import grade_id
from bmkit.course.grade.student_names import student_id

Book = dict
FULL, LISTED, NOTED, TOLD, PERSON = "full", "listed", "noted", "told", "person"
LAYOUTS = ("course", "flat", "folders")


@dataclass(frozen=True)
class Odd:
    """A kind of odd hand-in.

    Attributes:
        kind: its name.
        expect: `FULL`, `LISTED`, `NOTED`, `TOLD` or `PERSON`.
        student: the name of whoever hands it in; empty for one that `fill` makes up.
        change: what is done to the right notebook.
        ending: of the file.
        write: writes the file in another way; given its path and the notebook.
    """

    kind: str
    expect: str = FULL
    student: str = ""
    change: Callable[[Book], Book] | None = None
    ending: str = ".ipynb"
    write: Callable[[Path, Book], None] | None = None
    layouts: tuple[str, ...] = LAYOUTS


@dataclass(frozen=True)
class Expected:
    """What must come of one hand-in.

    Attributes:
        kind: of it; ``honest`` is one.
        expect: as for `Odd`.
        student: the id in the grade book.
        path: what was handed in.
    """

    kind: str
    expect: str
    student: str
    path: Path


def fill(
    folder: Path, right: Book, slug: str, *, layout: str, count: int, every: int = 5
) -> list[Expected]:
    """Make a room of ``count`` hand-ins, one in ``every`` of them odd.

    Args:
        folder: where.
        right: a notebook with all the answers, as JSON gives it.
        slug: its lesson.
        layout: ``course``, nbgrader's; ``flat``, or ``folders`` by student.
        count: how many hand-ins.
        every: 1 for nothing but odd ones.
    """
    found = [one for one in ODD if layout in one.layouts]
    step = max(1, len(found) * every // count)  # of names and of shapes, some each
    kinds = itertools.cycle(found[::step])
    made = []
    used: set[str] = set()
    for number in range(count):
        odd = next(kinds) if number % every == 0 else Odd("honest")
        name = odd.student if odd.student not in used else ""
        name = name or f"s{number:03}"
        used.add(name)
        path = _path(folder, name, slug, layout, odd.ending)
        path.parent.mkdir(parents=True, exist_ok=True)
        book = copy.deepcopy(right)
        book = odd.change(book) if odd.change else book
        (odd.write or _write)(path, book)
        made.append(Expected(odd.kind, odd.expect, student_id(name), path))
    return made


def _path(folder: Path, name: str, slug: str, layout: str, ending: str) -> Path:
    if layout == "flat":
        return folder / f"{name}{ending}"
    home = folder / "submitted" / name / slug if layout == "course" else folder / name
    return home / f"{slug}{ending}"


def _write(path: Path, book: Book) -> None:
    path.write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")


def _text(text: str) -> Callable[[Path, Book], None]:
    return lambda path, book: path.write_bytes(text.encode()) and None


# Changes of the notebook.


def _source(cell: dict) -> str:
    return "".join(cell["source"])


def _answers(book: Book) -> Iterator[dict]:
    """The cells of the exercises."""
    names = [grade_id(cell) for cell in book["cells"]]
    for cell in book["cells"]:
        if f"check-{grade_id(cell)}" in names:
            yield cell


def each(
    change: Callable[[str], str], cells: str = "answers"
) -> Callable[[Book], Book]:
    """A change of the text of every answer, or of every cell."""

    def done(book: Book) -> Book:
        for cell in _answers(book) if cells == "answers" else book["cells"]:
            cell["source"] = change(_source(cell))
        return book

    return done


def bare(book: Book) -> Book:
    """Without metadata, as some programs save it."""
    cells = [{**cell, "metadata": {}} for cell in book["cells"]]
    return {**book, "cells": cells, "metadata": {}}


def merged(book: Book) -> Book:
    """Each answer and the check after it in one cell, under the check's label."""
    kept: list[dict] = []
    for cell in book["cells"]:
        answer = kept and f"check-{grade_id(kept[-1])}" == grade_id(cell)
        if answer and grade_id(cell):
            cell["source"] = f"{_source(kept.pop())}\n\n{_source(cell)}"
        kept.append(cell)
    return {**book, "cells": kept}


def doubled(book: Book) -> Book:
    """Every graded cell twice."""
    cells = [[c, copy.deepcopy(c)] if grade_id(c) else [c] for c in book["cells"]]
    return {**book, "cells": list(itertools.chain(*cells))}


def stubs_after(book: Book) -> Book:
    """After each check an untouched copy of the exercise's first lines."""
    cells: list[dict] = []
    stub = ""
    for cell in book["cells"]:
        cells.append(cell)
        if any(cell is answer for answer in _answers(book)):
            stub = _source(cell).partition(":\n")[0] + ":\n    ...  # later"
        elif grade_id(cell) and stub.startswith("def "):
            fence = f"if False:\n{textwrap.indent(stub, '    ')}"
            cells.append({"cell_type": "code", "source": fence, "metadata": {}})
    return {**book, "cells": cells}


def checks_deleted(book: Book) -> Book:
    cells = [c for c in book["cells"] if not grade_id(c).startswith("check-")]
    return {**book, "cells": cells}


def both(*changes: Callable[[Book], Book]) -> Callable[[Book], Book]:
    def done(book: Book) -> Book:
        for change in changes:
            book = change(book)
        return book

    return done


def first(source: str) -> Callable[[Book], Book]:
    """With this in the cell of the first answer, before it."""

    def done(book: Book) -> Book:
        cell = next(_answers(book))
        cell["source"] = f"{source}\n{_source(cell)}"
        return book

    return done


def within(line: str) -> Callable[[Book], Book]:
    """With this as the first line of the first answer's body."""

    def done(book: Book) -> Book:
        cell = next(_answers(book))
        head, _, body = _source(cell).partition(":\n")
        cell["source"] = f"{head}:\n    {line}\n{body}"
        return book

    return done


def _indented(text: str) -> str:
    return "if True:\n" + textwrap.indent(text, "    ")


def _tried(text: str) -> str:
    return f"try:\n{textwrap.indent(text, '    ')}\nexcept ImportError:\n    raise"


# Files, and files beside them.


def _with(name: str, data: bytes) -> Callable[[Path, Book], None]:
    def write(path: Path, book: Book) -> None:
        _write(path, book)
        (path.parent / name).write_bytes(data)

    return write


def _helper(path: Path, book: Book) -> None:
    """The first answer in a module of the student's own."""
    cell = next(_answers(book))
    imports = "import math\nimport torch\nimport numpy as np\n\n"
    (path.parent / "helper.py").write_text(imports + _source(cell), encoding="utf-8")
    cell["source"] = f"from helper import {grade_id(cell)}"
    _write(path, book)


def _named(name: str) -> Callable[[Path, Book], None]:
    """Under another name, with a scratch notebook beside it."""

    def write(path: Path, book: Book) -> None:
        _write(path.with_name(name.format(slug=path.stem)), book)
        _write(path.with_name("Untitled.ipynb"), {"cells": [], "metadata": {}})

    return write


def _link(path: Path, book: Book) -> None:
    path.symlink_to("/etc/hostname")


def _percent(path: Path, book: Book) -> None:
    code = [_source(c) for c in book["cells"] if c["cell_type"] == "code"]
    path.write_text("\n\n".join(f"# %%\n{one}" for one in code), encoding="utf-8")


def _markdown(path: Path, book: Book) -> None:
    code = [_source(c) for c in book["cells"] if c["cell_type"] == "code"]
    fenced = (f"```python\n{one}\n```" for one in code)
    path.write_text("\n\nText.\n\n".join(fenced), encoding="utf-8")


def _wide(path: Path, book: Book) -> None:
    path.write_text(json.dumps(book), encoding="utf-16")


def _cut(path: Path, book: Book) -> None:
    text = json.dumps(book)
    path.write_text(text[: len(text) // 2], encoding="utf-8")


def _widgets(path: Path, book: Book) -> None:
    with path.open("wb") as file:
        file.write(b'{"application/vnd.jupyter.widget-state+json": "')
        file.truncate(52 * 2**20)


NAMES = [
    *("King Jr.", "bob ", "None", "007", "1e5", "NaN", "TRUE", "CON", "-rf", "=1+1"),
    *("O’Brien", "a,b", 'a"b', "a;b", "@home", "$(reboot)", "a*", "#1?", "a%20b"),
    *("李雷", "محمد علي", "می\u200cشود", "क्\u200dष", "שרה\u200f", "👩\u200d🎓", "İpek"),
    *("x" * 120, "字" * 80, "Participant_55,", "{slug}", "<b>x"),
    unicodedata.normalize("NFD", "José"),
]
CHANGED_NAMES = ["a\x1b[2J", "a\nb", "\u202elive", "x" * 225]
TAKEN_ENDINGS = [".ipynb.txt", ".IPYNB", ".ipynb.json", ".ipynb ", ".ipynb.crdownload"]
OWN = ("course", "folders")
ODD: list[Odd] = [
    *(Odd(f"name {name[:12]!a}", student=name) for name in NAMES),
    *(Odd(f"name {name[:12]!a}", NOTED, student=name) for name in CHANGED_NAMES),
    *(Odd(f"ending {ending!r}", ending=ending) for ending in TAKEN_ENDINGS),
    Odd("labels lost", change=bare),
    Odd("merged", change=merged),
    Odd("merged, labels lost", change=both(merged, bare)),
    Odd("doubled", change=doubled),
    Odd("doubled, labels lost", change=both(doubled, bare)),
    Odd("dead code after the checks", change=stubs_after),
    Odd("checks deleted", change=checks_deleted),
    Odd("CRLF", change=each(lambda text: text.replace("\n", "\r\n"), "all")),
    Odd("timed", change=each(lambda text: f"%%time\n{text}")),
    Odd("after a shell line", change=each(lambda text: f"!true\n{text}")),
    Odd("in an if, labels lost", change=both(each(_indented), bare)),
    Odd("in a try", change=each(_tried)),
    Odd("percent text", write=_percent, ending=".py"),
    Odd("Markdown text", write=_markdown, ending=".md"),
    Odd("UTF-16", write=_wide),
    Odd("own module", write=_helper, layouts=OWN),
    Odd("own data", write=_with("data.csv", b"1,2\n"), layouts=OWN),
    Odd("shadowing module", NOTED, write=_with("torch.py", b"1/0"), layouts=OWN),
    Odd("too much data", NOTED, write=_with("big.bin", bytes(11 * 2**20)), layouts=OWN),
    Odd("scratch beside", NOTED, write=_named("01-{slug}.ipynb"), layouts=("course",)),
    Odd(
        "odd time", NOTED, write=_with("timestamp.txt", b"9" * 41), layouts=("course",)
    ),
    Odd("empty", LISTED, write=_text("")),
    Odd("cut short", LISTED, write=_cut),
    Odd("unfinished", LISTED, write=_cut, ending=".ipynb.part"),
    Odd("no notebook", LISTED, write=_text("[]")),
    Odd("another course's", LISTED, write=_text('{"cells": []}')),
    Odd("LFS pointer", LISTED, write=_text("version https://git-lfs.github.com/x\n")),
    Odd("web page", LISTED, write=_text("<!DOCTYPE html>"), ending=".html"),
    Odd("web page in disguise", LISTED, write=_text("<html>")),
    Odd("PDF", LISTED, write=_text("%PDF-1.7"), ending=".pdf"),
    Odd("archive", LISTED, write=_text("PK\x03\x04"), ending=".zip"),
    Odd("archive in disguise", LISTED, write=_text("PK\x03\x04")),
    Odd("essay", LISTED, write=_text("# My work\n"), ending=".md"),
    Odd("merge conflict", LISTED, write=_text('{"cells": [\n<<<<<<< HEAD\n')),
    Odd(
        "binary",
        LISTED,
        write=lambda path, book: path.write_bytes(b"\x89PNG\xff") and None,
    ),
    Odd("link", LISTED, write=_link),
    Odd("pipe", LISTED, write=lambda path, book: os.mkfifo(path)),
    Odd("widget state", LISTED, write=_widgets),
    Odd("full-width signs", TOLD, change=first("values = （1, 2）")),
    Odd("package that is not here", TOLD, change=first("import not_there_at_all")),
    Odd("breakpoint", TOLD, change=within("breakpoint()")),
    Odd("keyboard", TOLD, change=within("input('?')")),
    Odd("stub above", TOLD, change=within("raise NotImplementedError()")),
    Odd("graphics card", TOLD, change=within("__import__('torch').ones(1).cuda()")),
    Odd("paints", TOLD, change=within(r"raise ValueError('\x1b[2J 5 of 5 \u202e')")),
    Odd("for ever in an answer", TOLD, change=within("while True: pass")),
    Odd("ends itself in an answer", PERSON, change=within("__import__('os')._exit(0)")),
    Odd("ends itself", PERSON, change=first("__import__('os')._exit(0)")),
    Odd("memory", TOLD, change=first("kept = [bytes(2**20) for _ in range(9000)]")),
]
