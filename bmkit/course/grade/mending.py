"""What parses of code that does not parse as a whole: the lines at fault are replaced.

One line that is not Python, a magic command of the notebook or a slip, says nothing of
the lines around it. The parser names the line, a statement that does nothing takes its
place, and the parser tries again.
"""

from __future__ import annotations

import ast
import re
import warnings

from bmkit.course import parsing

EFFORT = 500_000  # characters that the parser reads, all tries together


def mended(code: str) -> tuple[ast.Module | None, list[str]]:
    """The syntax tree of code and the lines that had to be replaced for it.

    Returns:
        no tree, and all lines, where that takes more than `EFFORT`.
    """
    # What no file of Python holds, and no parser takes: lone surrogates, zero bytes.
    clean = code.encode("utf-8", "replace").decode().replace("\0", "?")
    written = re.split(r"\r\n|\r|\n", clean)
    lines, replaced, effort = [*written], set[int](), 0
    while effort <= EFFORT:
        text = "\n".join(lines)
        effort += len(text) + 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it says of a learner's escapes
                return parsing.parse(text), [written[n] for n in sorted(replaced)]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            number = _at_fault(error, lines, replaced)
        if number is None:
            break
        replaced.add(number)
        lines[number] = _stand_in(lines, number)
    return None, written


def _at_fault(error: Exception, lines: list[str], replaced: set[int]) -> int | None:
    """The index of the line to replace; None if there is none left."""
    left = [n for n, line in enumerate(lines) if line.strip() and n not in replaced]
    if not isinstance(error, SyntaxError) or not error.lineno:
        # Too deep for the parser, which does not say where.
        return max(left, key=lambda n: len(lines[n]), default=None)
    last = error.lineno - 1
    if header := re.search(r"after .* on line (\d+)", error.msg):
        # It has no block, unless what stands next hides it.
        first, hides = int(header[1]) - 1, lines[last]
        deep = _indent(lines[first])
        beside = hides.rstrip().endswith(":") and _indent(hides) == deep
        branch = re.match(r"\s*(else|elif|except|finally|case)\b", hides)
        if (beside and not branch) or _indent(_near(lines, last)) <= deep:
            last = first
    elif "unexpected indent" in error.msg:
        # Perhaps the line before it stands too far left among its neighbours.
        previous = max((n for n in left if n < last), default=last)
        if _opens(lines, previous, lines[last]):
            last = previous
    before = [n for n in left if n <= last]
    if len(before) > 1 and _unfinished(lines[before[-2]]):
        before.pop()
    if "'except' or 'finally'" in error.msg:
        before = [n for n in before if re.match(r"\s*try\b", lines[n])] or before
    return before[-1] if before else next(iter(left), None)


def _stand_in(lines: list[str], number: int) -> str:
    """What takes a line's place: nothing, or what the lines around it need."""
    line, before, after = lines[number], _near(lines, number, -1), _near(lines, number)
    if before.rstrip().endswith(":") and _indent(after) <= _indent(before):
        return f"{before[: _indent(before)]} pass"
    if _opens(lines, number, after) or _indent(after) <= _indent(line):
        return ""
    blank = line[: _indent(line)]
    if re.match(r"\s*(async\s+)?def\b", line):
        # Its arguments are names of its own, whatever else is wrong with it.
        names = re.findall(r"\b[^\W\d]\w*+(?=\s*[,:=)])", line.partition("(")[2])
        return f"{blank}def broken({', '.join(dict.fromkeys(names))}):"
    return f"{blank}if 1:"


def _unfinished(line: str) -> bool:
    """Whether a bracket is open at a line's end where it seems to be complete."""
    opened = sum(map(line.count, "([{")) > sum(map(line.count, ")]}"))
    return opened and re.search(r"\w\s*$", line) is not None


def _opens(lines: list[str], number: int, after: str) -> bool:
    """Whether a line may go since the one before it leads to the one after it."""
    before = _near(lines, number, -1)
    if before.rstrip().endswith(":"):
        return _indent(after) > _indent(before)
    return bool(before) and _indent(after) <= _indent(before)


def _near(lines: list[str], number: int, step: int = 1) -> str:
    """The next line that is not blank, down or up; empty if there is none."""
    rest = lines[number + 1 :] if step > 0 else reversed(lines[:number])
    return next((line for line in rest if line.strip()), "")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
