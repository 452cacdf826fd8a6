"""A CSV file that Moodle or Canvas gave, read to be filled in and written beside it.

Either may begin with the mark of UTF-8; its cells are apart by commas, or by semicolons
or tabs, as a spreadsheet saves it where the comma is the decimal sign. What is written
is as what was read: mark, separator, ends of lines, and the sign of decimals.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from bmkit import atomic
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason, writing

MARK = b"\xef\xbb\xbf"
SEPARATORS = ",;\t"
Row = list[str]


class BadGradeFile(BmkitError):
    """It is not of the shape that it should be; the message says how."""


@dataclass
class Sheet:
    """Rows of cells, and how they stood in the file.

    Attributes:
        path: the file.
        rows: the head first; empty rows are left out.
    """

    path: Path
    rows: list[Row]
    mark: bytes = b""
    separator: str = ","
    newline: str = "\r\n"
    head: Row = field(init=False)

    def __post_init__(self) -> None:
        self.head = [name.strip() for name in self.rows[0]]

    @classmethod
    def read(cls, path: Path) -> Sheet:
        """Read a file.

        Raises:
            BadGradeFile: it cannot be read, is not UTF-8, or has no rows.
        """
        try:
            raw = path.read_bytes()
            text = raw.decode("utf-8-sig")
            first = text.partition("\n")[0]
            apart = max(SEPARATORS, key=lambda sign: len(_cells(first, sign)))
            table = csv.reader(io.StringIO(text, newline=""), delimiter=apart)
            rows = [row for row in table if any(cell.strip() for cell in row)]
        except OSError as error:
            told = say("main.refused", path=path, why=reason(error))
            raise BadGradeFile(told) from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadGradeFile(say("lms.csv", path=path, why=error)) from None
        if not rows:
            raise BadGradeFile(say("lms.csv", path=path, why="0"))
        mark = MARK if raw.startswith(MARK) else b""
        return cls(path, rows, mark, apart, "\r\n" if "\r\n" in text else "\n")

    def place(self, names: tuple[str, ...]) -> int | None:
        """Where the column of one of these names stands, in any letter case."""
        wanted = {name.casefold() for name in names}
        found = (n for n, name in enumerate(self.head) if name.casefold() in wanted)
        return next(found, None)

    def needed(self, names: tuple[str, ...]) -> int:
        """The same, where the file is no use without it.

        Raises:
            BadGradeFile: it has no such column.
        """
        found = self.place(names)
        if found is None:
            raise BadGradeFile(say("lms.column", path=self.path, name=names[0]))
        return found

    @property
    def target(self) -> Path:
        """Where it is written."""
        return self.path.with_name(f"{self.path.stem}.filled.csv")

    def write(self) -> None:
        """Write it beside the file, whole or not at all.

        Raises:
            CannotWrite: that is not possible there.
        """
        text = io.StringIO(newline="")
        made = csv.writer(text, delimiter=self.separator, lineterminator=self.newline)
        made.writerows(self.rows)
        with writing(self.target), atomic.draft(self.target) as draft:
            draft.write_bytes(self.mark + text.getvalue().encode("utf-8", "replace"))


def cell(row: Row, place: int | None) -> str:
    """A cell's text; empty where a row is too short."""
    return row[place].strip() if place is not None and place < len(row) else ""


def put(row: Row, place: int, text: str) -> None:
    """Write a cell; a row that is too short grows."""
    row += [""] * (place + 1 - len(row))
    row[place] = text


def scaled(share: float, most: str, points: float) -> str:
    """A share of the most that the file allows, with that number's decimal sign.

    Where the file says no number it is the points, as they are.
    """
    try:
        top = float(most.replace(",", "."))
    except ValueError:
        return f"{round(points, 2):g}"
    text = f"{round(share * top, 2):g}"
    return text.replace(".", ",") if "," in most else text


def _cells(line: str, sign: str) -> Row:
    return next(csv.reader([line], delimiter=sign), [])
