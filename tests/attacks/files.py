"""Hostile files: what is wrong is not a cell's code but the notebook around it."""

from __future__ import annotations

import copy
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Trick:
    """One way to spoil a file.

    Attributes:
        name: for the table.
        tries: what it is after.
        points: what it must be graded with; None where it must be refused in one line.
        make: writes the file into a folder, from a right notebook worth 10 points.
    """

    name: str
    tries: str
    points: float | None
    make: Callable[[Path, Notebook], Path]


def _write(folder: Path, content: Any) -> Path:
    path = folder / "submission.ipynb"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
    return path


def _changed(change: Callable[[Notebook], Any]) -> Callable[[Path, Notebook], Path]:
    def make(folder: Path, book: Notebook) -> Path:
        book = copy.deepcopy(book)
        return _write(folder, change(book) or book)

    return make


def _cell(book: Notebook, name: str) -> dict[str, Any]:
    return next(cell for cell in book["cells"] if cell["id"] == name)


def _wrong(book: Notebook) -> None:
    _cell(book, "add")["source"] = "def add(a, b):\n    return 0"


def _without_checks(book: Notebook) -> None:
    _wrong(book)
    book["cells"] = [c for c in book["cells"] if not c["id"].startswith("check-")]


def _empty_checks(book: Notebook) -> None:
    _wrong(book)
    for cell in book["cells"]:
        if cell["id"].startswith("check-"):
            cell["source"] = "pass"


def _points_of_ones_own(book: Notebook) -> None:
    _wrong(book)
    for cell in book["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] |= {"points": 1000, "grade": True}
            cell["metadata"]["nbgrader"]["manual_score"] = 1000


def _more_checks(book: Notebook) -> None:
    _wrong(book)
    check = _cell(book, "check-double")
    for number in range(5):
        more = copy.deepcopy(check) | {"id": f"more-{number}"}
        book["cells"].append(more)


def _check_named_as_answer(book: Notebook) -> None:
    """The check's grade id on the learner's cell, and the other way round."""
    one, other = _cell(book, "add"), _cell(book, "check-add")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    _wrong(book)


def _duplicated(book: Notebook) -> None:
    for name in ("add", "check-add"):
        book["cells"] += [copy.deepcopy(_cell(book, name)) for _ in range(3)]


def _same_ids(book: Notebook) -> None:
    for cell in book["cells"]:
        cell["id"] = "same"


def _odd_ids(book: Notebook) -> None:
    for number, cell in enumerate(book["cells"]):
        cell["id"] = [None, "../../x", "<script>", "x" * 10_000, 7][number % 5]


def _no_metadata(book: Notebook) -> None:
    book["metadata"] = {}
    for cell in book["cells"]:
        cell["metadata"] = {}


def _no_metadata_and_deep_code(book: Notebook) -> None:
    _no_metadata(book)
    deep = [f"x = {sign * 990}1" for sign in ("-", "1+", "2**", "not ")]
    deep += ["-" * 100_000 + "1", "(" * 100_000, "x" + "[0]" * 30_000, "\0"]
    for code in deep:
        book["cells"].append({"cell_type": "code", "source": code, "metadata": {}})


def _old(book: Notebook) -> Notebook:
    cells = []
    for cell in book["cells"]:
        key = "input" if cell["cell_type"] == "code" else "source"
        kept = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        cells.append({**kept, key: cell["source"], "language": "python"})
    sheets = [{"cells": cells}]
    return {"nbformat": 3, "metadata": book["metadata"], "worksheets": sheets}


def _future(book: Notebook) -> None:
    book["nbformat"], book["nbformat_minor"] = 5, 10**9


def _wrong_types(book: Notebook) -> None:
    for key in ("outputs", "attachments", "execution_count"):
        for cell in book["cells"]:
            cell[key] = {"a": [1, None, {"b": "c"}]}
    add = _cell(book, "add")
    add["source"] = ["".join(add["source"]), 3, None, {}]
    book["cells"] += [None, 7, "x", [], {"cell_type": []}, {"source": {}}]
    book["metadata"]["kernelspec"] = {"name": "../../bin/sh", "language": 7}


def _surrogates(book: Notebook) -> str:
    _wrong(book)
    _cell(book, "add")["source"] += "\n# \ud800 \x00"
    book["cells"].append(
        {"cell_type": "markdown", "source": "\udfff\x00\x1b[2J", "metadata": {}}
    )
    return json.dumps(book)


def _many_cells(book: Notebook) -> None:
    book["cells"] += [{}] * 200_000


def _with_code(code: str) -> Callable[[Path, Notebook], Path]:
    """A right notebook with a cell more, which is long to read and short to run."""

    def make(book: Notebook) -> None:
        at = book["cells"].index(_cell(book, "add"))
        cell = {"cell_type": "code", "source": code, "metadata": {}}
        book["cells"].insert(at, cell)

    return _changed(make)


def _long_settings(book: Notebook) -> None:
    book["cells"].append(
        {
            "cell_type": "code",
            "source": "profile = 'ci'; " + "a = 1; " * 50_000,
            "metadata": {"tags": ["parameters"]},
        }
    )


def _big(folder: Path, _: Notebook) -> Path:
    path = _write(folder, "{")
    with path.open("ab") as file:
        file.truncate(200 * 2**20)  # a hole: it takes no room
    return path


def _linked(folder: Path, _: Notebook) -> Path:
    path = folder / "submission.ipynb"
    path.symlink_to("/etc/passwd")
    return path


def _to_nowhere(folder: Path, _: Notebook) -> Path:
    path = folder / "submission.ipynb"
    path.symlink_to(path)
    return path


def _zipped(folder: Path, book: Notebook) -> Path:
    path = folder / "submission.ipynb"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../submission.ipynb", json.dumps(book))
    return path


def _folder(folder: Path, _: Notebook) -> Path:
    (folder / "submission.ipynb").mkdir()
    return folder / "submission.ipynb"


def _numbers(book: Notebook) -> str:
    text = json.dumps(book)
    return text[:-1] + ', "x": ' + "9" * 100_000 + "}"


def _endless_numbers(book: Notebook) -> str:
    return json.dumps(book)[:-1] + ', "x": [NaN, Infinity, -Infinity, 1e999]}'


def _endless_table(book: Notebook) -> None:
    """Outputs that it is handed in with: HTML whose signs have no end."""
    for sign in ("<!--", "</", "<table a='"):
        data = {"text/html": "<table>" + sign * 100_000, "text/plain": "x"}
        shown = {"output_type": "display_data", "metadata": {}, "data": data}
        book["cells"].append(
            {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [shown]}
        )


FILES = [
    Trick("deleted checks", "to go untested", 8, _changed(_without_checks)),
    Trick("edited checks", "to be tested by itself", 8, _changed(_empty_checks)),
    Trick("points of its own", "to set its points", 8, _changed(_points_of_ones_own)),
    Trick(
        "more checks", "to have what it can counted often", 8, _changed(_more_checks)
    ),
    Trick("swapped labels", "to be its own test", 8, _changed(_check_named_as_answer)),
    Trick("cells thrice", "to be counted often", 10, _changed(_duplicated)),
    Trick("one id for all", "to mix up the cells", 10, _changed(_same_ids)),
    Trick("odd ids", "to name files and markup", 10, _changed(_odd_ids)),
    Trick("no metadata", "to be nobody's lesson", 10, _changed(_no_metadata)),
    Trick(
        "code too deep to read",
        "to break whoever looks at the code",
        10,
        _changed(_no_metadata_and_deep_code),
    ),
    Trick("nbformat 3", "to be of another shape", 10, _changed(_old)),
    Trick("nbformat 5", "to be of no known shape", 10, _changed(_future)),
    Trick("wrong types", "to break what reads it", 10, _changed(_wrong_types)),
    Trick("halves of characters", "to break what writes it", 8, _changed(_surrogates)),
    Trick("numbers of 100,000 digits", "to break JSON", None, _changed(_numbers)),
    Trick("no numbers", "to break JSON", 10, _changed(_endless_numbers)),
    Trick("200,000 cells", "to take time and memory", 10, _changed(_many_cells)),
    Trick(
        "24,000 names for one thing",
        "to keep the grader reading",
        10,
        _with_code("a0 = 1\n" + "\n".join(f"a{n + 1} = a{n}" for n in range(24_000))),
    ),
    Trick(
        "200,000 characters of braces",
        "to keep the grader reading",
        10,
        _with_code("a = 1\nb = f'" + "{a}" * 60_000 + "'"),
    ),
    Trick(
        "50,000 statements",
        "to keep the grader reading",
        10,
        _with_code("a = 1\n" * 50_000),
    ),
    Trick(
        "a list of 160,000",
        "to fill the grader's memory while it reads",
        10,
        _with_code("a = [" + "1," * 160_000 + "]"),
    ),
    Trick(
        "a list of 1,600,000",
        "to fill the grader's memory while it reads",
        None,
        _with_code("a = [" + "1," * 1_600_000 + "]"),
    ),
    Trick(
        "blank lines",
        "to keep the grader looking for what starts a line",
        10,
        _with_code("a = 1" + "\n" * 400_000),
    ),
    Trick(
        "settings of 350,000 characters in one line",
        "to keep the grader looking for where they end",
        10,
        _changed(_long_settings),
    ),
    Trick(
        "tables without end",
        "to keep the grader looking for where its outputs' tags end",
        10,
        _changed(_endless_table),
    ),
    Trick("200 MiB", "to take time and memory", None, _big),
    Trick("broken JSON", "to break the grader", None, _changed(lambda b: "{" * 99)),
    Trick("deep JSON", "to break JSON", None, _changed(lambda b: "[" * 10**6)),
    Trick("no text", "to break the grader", None, _changed(lambda b: os.urandom(999))),
    Trick("nothing", "to break the grader", None, _changed(lambda b: " ")),
    Trick("an archive", "to be unpacked elsewhere", None, _zipped),
    Trick("a link to another file", "to have it read", None, _linked),
    Trick("a link to itself", "to be followed for ever", None, _to_nowhere),
    Trick("a folder", "to be no file", None, _folder),
]
