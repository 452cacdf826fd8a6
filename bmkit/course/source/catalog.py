"""What lessons there are, in which order, and where."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path

from bmkit.course.source.cells import Problem, SourceError, read_header

ROOT = Path(__file__).resolve().parents[3]
HEADER = {"slug", "title", "section", "minutes", "needs", "data", "extras", "says"}
OPTIONAL = {"symbols"}
LANGS = ("en", "zh")


@dataclass(frozen=True)
class Lesson:
    """One lesson, as its source's header has it."""

    slug: str
    title: dict[str, str] = field(hash=False)
    section: str
    minutes: int
    needs: tuple[str, ...]
    data: tuple[str, ...]
    extras: tuple[str, ...]
    says: dict[str, str] = field(hash=False)
    path: Path
    symbols: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def built(self) -> Path:
        """Where its notebook lies below ``lessons/<lang>``."""
        return Path(self.path.parent.name) / f"{self.path.stem}.ipynb"


class UnknownLesson(Exception):
    """A slug that no lesson has; the message has the nearest ones."""


def lessons(root: Path | None = None) -> list[Lesson]:
    """Every lesson below ``root/solutions``, in the course's order.

    Raises:
        SourceError: a header is missing, incomplete or has unknown keys.
    """
    root = root or ROOT
    found: list[Lesson] = []
    problems: list[Problem] = []
    for path in sorted((root / "solutions").glob("[0-9]*/[0-9]*.py")):
        try:
            found.append(_lesson(path))
        except SourceError as error:
            problems += error.problems
    if problems:
        raise SourceError(problems)
    return found


def _lesson(path: Path) -> Lesson:
    header = read_header(path)
    problems = [
        Problem(path, 1, f"the header lacks {key!r}")
        for key in sorted(HEADER - set(header))
    ]
    problems += [
        Problem(path, 1, f"unknown key {key!r} in the header")
        for key in sorted(set(header) - HEADER - OPTIONAL)
    ]
    for key in ("title", "says"):
        value = header.get(key)
        if key in header and (not isinstance(value, dict) or set(value) != set(LANGS)):
            problems.append(Problem(path, 1, f"{key} must have en and zh"))
    for key in ("needs", "data", "extras"):
        if key in header and not isinstance(header[key], list):
            problems.append(Problem(path, 1, f"{key} must be a list, as in [a, b]"))
    symbols = header.get("symbols", {})
    if not isinstance(symbols, dict) or not all(symbols.values()):
        problems.append(Problem(path, 1, "symbols must map each to its meaning"))
    if "minutes" in header and not isinstance(header["minutes"], int):
        problems.append(Problem(path, 1, "minutes must be a whole number"))
    if not problems and path.stem.split("-", 1)[-1] != header["slug"]:
        problems.append(Problem(path, 1, "the file's name must be NN-SLUG.py"))
    if problems:
        raise SourceError(problems)
    return Lesson(
        slug=header["slug"],
        title=header["title"],
        section=str(header["section"]),
        minutes=header["minutes"],
        needs=tuple(header["needs"]),
        data=tuple(header["data"]),
        extras=tuple(header["extras"]),
        says=header["says"],
        path=path,
        symbols={str(k): str(v) for k, v in header.get("symbols", {}).items()},
    )


def pick(slugs: list[str], root: Path | None = None) -> list[Lesson]:
    """The lessons of these slugs (all when none is given), in the course's order.

    Raises:
        UnknownLesson: a slug that no lesson has.
    """
    every = lessons(root)
    known = [lesson.slug for lesson in every]
    for slug in slugs:
        if slug not in known:
            near = difflib.get_close_matches(slug, known, n=3, cutoff=0.4)
            hint = f"did you mean {', '.join(near)}?" if near else ", ".join(known)
            raise UnknownLesson(f"no lesson is called {slug!r}: {hint}")
    return [lesson for lesson in every if not slugs or lesson.slug in slugs]
