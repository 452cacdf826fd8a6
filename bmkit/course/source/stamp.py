"""`bmkit stamp`: fill in the hashes of a source, and begin its lists of phrases."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bmkit import atomic
from bmkit.course.source.cells import Cell, Source, digest
from bmkit.course.source.equations import displayed
from bmkit.course.source.phrase_list import Entry, dump, unsaid
from bmkit.course.source.reader import read


@dataclass
class Stamped:
    """What was done to a source: line numbers as they are afterwards.

    Attributes:
        filled: lines whose hash was missing and is there now.
        stale: lines whose hash is of another text: a person must look at them.
            The hash of that text is with each.
        listed: lines of lists to which phrases were added, and how many.
        begun: lines of translations of prose that were begun.
    """

    filled: list[int] = field(default_factory=list)
    stale: list[tuple[int, str]] = field(default_factory=list)
    listed: list[tuple[int, int]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)


def stamp(path: Path) -> Stamped:
    """Fill in what a machine can fill in; a hash that is wrong is left alone.

    A translation is bound to its English, an equation cell to the formula shown. Under
    prose without Chinese a cell for it is begun; under a program whose words have none
    a list is begun, or the list is continued: English and an arrow, for a person to go
    on.
    """
    source = read(path)
    rows = path.read_text(encoding="utf-8").split("\n")
    done = Stamped()
    added = 0  # lines put in so far: what stands below has moved down
    for cell in source.cells:
        for line, text in _bound(cell, source):
            at = line - 1 + added
            of = cell.twin.of if cell.markdown and cell.twin else cell.options.get("of")
            if not of:
                row = rows[at].replace(' of=""', "").rstrip()
                rows[at] = f'{row} of="{digest(text)}"'
                done.filled.append(at + 1)
            elif of != digest(text):
                done.stale.append((at + 1, digest(text)))
        new = _list(cell)
        if new or (cell.markdown and cell.twin is None):
            at, lines = _place(cell, rows, added)
            lines += [f"# {row}".rstrip() for row in dump(new).split("\n") if new]
            rows[at:at] = lines
            marker = at + next(
                (n for n, row in enumerate(lines, 1) if row.startswith("# %%")), 1
            )
            if new:
                done.listed.append((marker, len(new)))
            else:
                done.begun.append(marker)
            added += len(lines)
    if done.filled or done.listed or done.begun:
        atomic.write(path, "\n".join(rows))
    return done


def _bound(cell: Cell, source: Source) -> list[tuple[int, str]]:
    """The lines of a cell that carry a hash, and the text it is of."""
    bound = []
    if cell.markdown and cell.twin:
        bound.append((cell.twin.line, cell.source))
    if cell.kind == "equation":
        bound.append((cell.line, displayed(source, cell.name)))
    return bound


def _list(cell: Cell) -> list[Entry]:
    """An entry, without a translation, for each phrase that a cell's list lacks."""
    if cell.markdown or not cell.must_speak:
        return []
    try:
        missing = unsaid(cell.source, cell.twin.entries if cell.twin else [])
    except SyntaxError:
        return []
    return [
        Entry(p.key, [], english=p.rows if p.kind != "string" else ())
        for p in missing
        if p.kind != "nested"
    ]


def _place(cell: Cell, rows: list[str], added: int) -> tuple[int, list[str]]:
    """Where new entries go: to the end of the cell's list, or into one of their own."""
    begin = (cell.twin.line if cell.twin else cell.line) + added
    end = next(
        (n for n in range(begin, len(rows)) if rows[n].startswith("# %%")), len(rows)
    )
    while end > begin and not rows[end - 1].strip():
        end -= 1
    if cell.twin:
        return end, []
    if cell.markdown:
        return end, ["", f'# %% [markdown] lang="zh" of="{digest(cell.source)}"', "#"]
    # What ends with a function is followed by two blank lines, as `ruff format` wants.
    ends_in_block = rows[end - 1].startswith((" ", "\t"))
    return end, [*[""] * (2 if ends_in_block else 1), '# %% [raw] lang="zh"']
