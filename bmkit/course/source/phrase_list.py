"""The Chinese of a program: a list of its phrases, and the program in those words.

Under a cell that has words for a learner stands their list, a raw cell:

    # %% [raw] lang="zh"
    # weight → 权重
    # answer: {weights @ legs:.2f} legs → 回答：{weights @ legs:.2f} 条腿
    # Left: four arrows, the keys, and a thick line, the query, between cat and hen.
    # Right: the four weights; cat and hen share nearly all of it.
    # → 左：四支箭头是键，粗线是查询，位于猫和鸡之间。
    #   右：四个权重，几乎全归猫和鸡。

Left of the arrow is the English, word for word; its line breaks do not count. Right of
it is the translation, and there each line is a line of the translated program: of a
comment, of a docstring, or a literal of its own in a long string. ``→ =`` says that a
phrase stays as it is, and an arrow in the English itself is written with a backslash
before it. ``accuracy #3 → …`` is about the third time alone that the cell says it,
where the others are names.
"""

from __future__ import annotations

import difflib
import re
import textwrap
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from bmkit.course.source.phrases import (
    Phrase,
    Text,
    key_of,
    must_speak,
    phrases,
    placeholders,
)

WIDTH = 88
ARROW = "→"
UNESCAPED = re.compile(
    r"(?:^|(?<= ))→(?= |$)"
)  # after a backslash it is a sign of the phrase
SAME = ["="]
NUMBERED = re.compile(r"(.*) #(\d+)", re.DOTALL)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
POINTS = "，。；：！？、（）“”‘’《》…—"  # have their blank within them


@dataclass(frozen=True)
class Entry:
    """One phrase of a list, and what is said instead."""

    key: str
    rows: list[str]
    line: int = 0  # within the list
    number: int = 0  # of the time that it is said; 0 is every time
    english: tuple[str, ...] = ()  # the key as it is to be written, in lines


class PhraseError(ValueError):
    """A list that does not fit.

    Attributes:
        problems: each line of the list and what is wrong there.
        now: what the program says instead of phrases that changed.
    """

    def __init__(self, problems: list[tuple[int, str]], now: set[str]) -> None:
        self.problems, self.now = problems, now
        super().__init__("\n".join(message for _, message in problems))


# --- a list of phrases --------------------------------------------------------------


def parse(text: str) -> list[Entry]:
    """The entries of a list; one that has no translation has no rows."""
    entries: list[Entry] = []
    english: list[str] = []
    for line, row in enumerate(text.split("\n"), 1):
        parts = UNESCAPED.split(row, maxsplit=1)
        if not english and entries and row.startswith("  "):
            entries[-1].rows.append(row[2:])
        elif len(parts) == 2:
            left, right = parts[0], parts[1].strip()
            entries.append(_entry([*english, left], right, line))
            english = []
        elif row.strip():
            english.append(row)
    if english:
        entries.append(_entry(english, "", len(text.split("\n"))))
    return entries


def _entry(english: list[str], translation: str, line: int) -> Entry:
    key = key_of(" ".join(english)).replace(f"\\{ARROW}", ARROW)
    match = NUMBERED.fullmatch(key)
    key, number = (match[1], int(match[2])) if match else (key, 0)
    return Entry(key, [translation] if translation else [], line, number)


def dump(entries: list[Entry]) -> str:
    """A list as the text of its cell, to be read at 88 columns with a ``# `` before."""
    out: list[str] = []
    for entry in entries:
        key = f"{entry.key} #{entry.number}" if entry.number else entry.key
        key = key.replace(ARROW, f"\\{ARROW}")
        first, *rest = entry.rows or [""]
        one = f"{key} {ARROW} {first}".rstrip()
        # Where the Chinese is still to come it needs as much room as the English.
        if not rest and width(one) <= (WIDTH - 2 if first else WIDTH // 2):
            out.append(one)
            continue
        english = [row.replace(ARROW, f"\\{ARROW}") for row in entry.english]
        out += english or textwrap.wrap(
            key, WIDTH - 2, break_long_words=False, break_on_hyphens=False
        )
        out += [f"{ARROW} {first}".rstrip(), *(f"  {row}" for row in rest)]
    return "\n".join(out)


def width(text: str) -> int:
    """Columns that a text takes: two for a Chinese sign."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


# --- a program in other words -------------------------------------------------------


def compose(code: str, entries: list[Entry]) -> str:
    """The program with its words changed and its layout kept.

    Raises:
        PhraseError: what an entry translates is not said, or its placeholders differ.
    """
    text = Text(code)
    said = [phrase for phrase in phrases(code) if phrase.kind != "nested"]
    entries = [_whole(entry, said) for entry in entries]
    table = {(entry.key, entry.number): entry for entry in entries}
    problems: list[tuple[int, str]] = []
    edits: list[tuple[int, int, str]] = []
    used: set[tuple[str, int]] = set()
    times: Counter[str] = Counter()
    if len(table) < len(entries):
        twice = Counter((entry.key, entry.number) for entry in entries)
        problems += [
            (entry.line, f"{entry.key!r} stands twice in this list")
            for at, entry in table.items()
            if twice[at] > 1
        ]
    for phrase in said:
        times[phrase.key] += 1
        for at in ((phrase.key, times[phrase.key]), (phrase.key, 0)):
            if at not in table:
                continue
            used.add(at)
            wrong = _unfit(phrase, table[at]) or _commented(phrase, text)
            if wrong:
                problems.append((table[at].line, wrong))
            elif table[at].rows != SAME:
                edits.append(_edit(text, phrase, table[at].rows))
            break
    now: set[str] = set()
    for at, entry in table.items():
        if at not in used:
            message, near = _stale(entry.key, list(times))
            problems.append((entry.line, message))
            now |= near
    if problems:
        raise PhraseError(sorted(problems), now)
    for begin, end, new in reversed(edits):
        code = code[:begin] + new + code[end:]
    return code


def _whole(entry: Entry, said: list[Phrase]) -> Entry:
    """The entry; where the phrase itself ends in ``#3``, that is no third time."""
    key = f"{entry.key} #{entry.number}"
    if entry.number and any(phrase.key == key for phrase in said):
        return replace(entry, key=key, number=0)
    return entry


def _commented(phrase: Phrase, text: Text) -> str:
    """A comment between the literals of a string would be lost with them."""
    inside = [
        words
        for line, column, words in text.comments
        if phrase.kind == "string" and phrase.begin < text.at(line, column) < phrase.end
    ]
    return f"move the comment out of the string: {inside[0]!r}" if inside else ""


def _unfit(phrase: Phrase, entry: Entry) -> str:
    """Why a translation cannot stand in the phrase's place; empty if it can."""
    if not any(entry.rows):
        return f"{entry.key!r} has no translation"
    if phrase.kind != "string" or entry.rows == SAME:
        return ""
    if phrase.mixed:
        return f"literals of several kinds, as f and r, in one string: {entry.key!r}"
    if phrase.formatted:
        holes = [
            sorted(placeholders("".join(rows))[0]) for rows in (phrase.rows, entry.rows)
        ]
        if holes[0] != holes[1]:
            return f"placeholders differ: {entry.key!r}"
    if any('"' in row and "'" in row for row in map(_unquoted, entry.rows)):
        return f"write \\\" or \\' for one kind of quotes: {entry.key!r}"
    return ""


def _unquoted(row: str) -> str:
    return re.sub(r"\\.", "", row)


def unsaid(code: str, entries: list[Entry]) -> list[Phrase]:
    """The phrases for a learner that a list does not have, each once."""
    said = phrases(code)
    known = {_whole(entry, said).key for entry in entries}
    found: dict[str, Phrase] = {}
    for phrase in said:
        if phrase.key not in known and must_speak(phrase):
            found.setdefault(phrase.key, phrase)
    return list(found.values())


def _stale(key: str, said: list[str]) -> tuple[str, set[str]]:
    """What to tell of a phrase that is no longer said, and what it has become."""
    near = difflib.get_close_matches(key, said, n=1, cutoff=0.5)
    now = f"; it says {near[0]!r} now: look at the translation" if near else ""
    return f"the program does not say {key!r}{now}", set(near)


def _edit(text: Text, phrase: Phrase, rows: list[str]) -> tuple[int, int, str]:
    """What to put where, for one phrase."""
    begin, end, code = phrase.begin, phrase.end, text.code
    column = begin - code.rfind("\n", 0, begin) - 1
    if phrase.kind == "comment":
        return begin, end, f"\n{' ' * column}".join(f"# {row}".rstrip() for row in rows)
    margin = text.margin(begin)
    if phrase.kind == "paragraph":
        return begin, end, f"\n{margin}".join(rows)
    body = "".join(phrase.rows)
    if "\n" in body:  # between three quotes, where lines are lines
        a, b = (body[: len(body) - len(body.lstrip())], body[len(body.rstrip()) :])
        inner = "\n".join(rows)
        return begin, end, f'{phrase.prefix}"""{a}{inner}{b}"""'
    rows = _spaced(rows)
    rows[0] = body[: len(body) - len(body.lstrip(" "))] + rows[0]
    rows[-1] += body[len(body.rstrip(" ")) :]
    new = [_literal(phrase.prefix, row) for row in rows]
    if len(new) == 1:
        return _closed(code, begin, end, new[0])
    if phrase.depth:
        return begin, end, f"\n{' ' * column}".join(new)
    inner = f"\n{margin}    "
    return begin, end, f"({inner}{inner.join(new)}\n{margin})"


def _spaced(rows: list[str]) -> list[str]:
    """Rows with the blank that a break stands for; between Chinese signs it is none."""
    out = list(rows)
    for number, (a, b) in enumerate(pairwise(rows)):
        chinese = bool(CHINESE.match(a[-1:]) and CHINESE.match(b[:1]))
        if not (chinese or a[-1:] in POINTS or b[:1] in POINTS or a.endswith("\\n")):
            out[number] = f"{a} "
    return out


def _literal(prefix: str, body: str) -> str:
    if not re.search(r"[{}]", body):
        prefix = prefix.replace("f", "")
    quote = "'" if re.search(r'(?<!\\)"', body) and "'" not in body else '"'
    return f"{prefix}{quote}{body}{quote}"


def _closed(code: str, begin: int, end: int, new: str) -> tuple[int, int, str]:
    """A string alone between brackets: on their line, if it fits."""
    before = re.search(r"(\w|\])?\(\s*$", code[:begin])
    after = re.match(r"\s*\)", code[end:])
    if before and after:
        call = before[1] or ""
        start, stop = before.start(), end + after.end()
        whole = f"{call}({new})" if call else new
        row = code[code.rfind("\n", 0, start) + 1 : start]
        if width(row + whole + code[stop:].partition("\n")[0]) <= WIDTH:
            return start, stop, whole
    return begin, end, new
