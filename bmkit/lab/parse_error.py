"""What is wrong with code that Python cannot read, and where, for who wrote it.

An input method for Chinese, a word processor and a web page leave characters that look
like Python's own. Python names them by number, or tells of the line after.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from bmkit.lab.words import say

_QUOTES = dict.fromkeys("“”„‟″＂", '"') | dict.fromkeys("‘’‚‛′＇", "'")
_WIDE = dict(
    zip("。、【】〔〕《》", ".,[][]<>", strict=True)
)  # full-width, not by number
_SIGNS = {
    **dict.fromkeys("−–—‐‑", "-"),
    **dict.fromkeys("×∗∙⋅·", "*"),
    **dict.fromkeys("«»「」『』", '"'),
    **dict.fromkeys("‹›´", "'"),
    **{"÷": "/", "≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "→": "->", "≈": "=="},
    **{"،": ",", "؛": ";", "٪": "%", "٫": ".", "۔": ".", "־": "-", "∞": "math.inf"},
}
# Letters that look like one of the Latin alphabet.
_ALIKE = dict(
    zip("аеорсухіјѕһԁАВЕКМНОРСТУХІЈЅο", "aeopcyxijshdABEKMHOPCTYXIJSo", strict=True)
)
_ALIKE |= dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧν", "ABEZHIKMNOPTYXv", strict=True))
_NAMED = {"\u00a0", "\u200b", "\u3000", "\ufeff"}  # those met most, in [character]
_NUMBER = re.compile(r"character.*U\+([0-9A-F]{4,6})")


def told(error: SyntaxError, source: str) -> str:
    """The sentence for an error of parsing.

    Args:
        error: what Python or IPython said of it.
        source: the cell.
    """
    error = _plainer(error, source)
    lines = re.split(r"\r\n|\r|\n", source)
    line = _line(error, lines)
    code = lines[line - 1] if 0 < line <= len(lines) else ""
    found = _NUMBER.search(error.msg or "")
    if found and chr(int(found[1], 16)) in code:
        char, at = chr(int(found[1], 16)), (error.offset or 0) - 1
        column = at if code[at : at + 1] == char else code.index(char)
        return _character(char, line, column + 1)
    if "unterminated" in error.msg and (curly := _QUOTES.keys() & set(code)):
        char = min(curly, key=code.index)
        return _character(char, line, code.index(char) + 1)
    blank = code[: len(code) - len(code.lstrip())]
    if isinstance(error, IndentationError) and _tabs(lines, blank):
        return say("real.tabs", line=line)
    if not code:
        return say("real.unread", error=error.msg)
    return say("real.parse", line=line, code=code.strip()[:120], error=error.msg)


def _plainer(error: SyntaxError, source: str) -> SyntaxError:
    """Python's own error, where IPython says no more than that the input ends."""
    if "incomplete input" in (error.msg or ""):
        try:
            compile(source, "<cell>", "exec")
        except SyntaxError as own:
            return own
        except ValueError:  # a zero byte
            pass
    return error


def _line(error: SyntaxError, lines: list[str]) -> int:
    """Which line of the cell it is: below a magic, Python counts from there."""
    number, text = error.lineno or 0, (error.text or "").rstrip("\r\n")
    at = lines[number - 1] if 0 < number <= len(lines) else ""
    if text.strip() and text.strip() != at.strip():
        same = [n for n, line in enumerate(lines, 1) if line.strip() == text.strip()]
        return same[0] if same else number
    return number


def _tabs(lines: list[str], blank: str) -> bool:
    """Whether the indentation of a line, or of its neighbours, mixes two kinds."""
    starts = "".join(line[: len(line) - len(line.lstrip())] for line in lines)
    return "\t" in starts and (" " in starts or "\t" in blank)


def _character(char: str, line: int, column: int) -> str:
    """What a character is that Python does not know, and what to type instead."""
    number = f"U+{ord(char):04X}"
    values: dict[str, Any] = {"line": line, "column": column, "number": number}
    if char in _QUOTES:
        return say("real.quote", char=char, instead=_QUOTES[char], **values)
    kind = unicodedata.category(char)
    if kind in ("Zs", "Cf", "Zl", "Zp", "Cc"):
        known = say(f"character.{number[2:]}") if char in _NAMED else None
        name = known or unicodedata.name(char, say("character.control")).lower()
        key = "real.space" if kind == "Zs" else "real.invisible"
        return say(key, name=name, **values)
    plain = unicodedata.normalize("NFKC", char).replace("⁄", "/")
    plain = plain if plain != char and plain.isascii() else ""
    sort = unicodedata.decomposition(char).split(" ")[0]
    if char not in _SIGNS and (char in _WIDE or (plain and sort == "<wide>")):
        return say("real.wide", char=char, instead=_WIDE.get(char, plain), **values)
    if instead := _SIGNS.get(char) or _digit(char, sort) or plain:
        return say("real.sign", char=char, instead=instead, **values)
    return say("real.character", char=char, **values)


def _digit(char: str, sort: str) -> str:
    """What a digit of another script is in Python, or a raised one; empty for none."""
    value = unicodedata.digit(char, None)
    if value is None:
        return ""
    return f"**{value}" if sort == "<super>" else str(value)


def alike(name: str) -> str:
    """The first letter of a name that looks like a Latin one, told; empty for none."""
    latin = any(char.isascii() and char.isalpha() for char in name)
    if not latin and not all(char in _ALIKE for char in name):
        return ""  # a word of that language, or a letter of its own
    for char in name:
        if instead := _ALIKE.get(char) or (_SIGNS.get(char) if latin else ""):
            kind = unicodedata.name(char).lower()
            values = {"number": f"U+{ord(char):04X}", "instead": instead}
            return say("real.alike", name=name, char=char, kind=kind, **values)
    return ""
