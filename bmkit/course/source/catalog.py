"""A course: one folder, where things lie in it, and its lessons in their order."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bmkit.course.json_values import JsonObject, as_dict, as_text
from bmkit.course.kernels import environment
from bmkit.course.kernels.limits import BadLimits, Limits
from bmkit.course.source.cells import Problem, SourceError, nearest
from bmkit.course.source.reader import read_header
from bmkit.course.words import say
from bmkit.errors import BmkitError, reason
from bmkit.lab import course_files
from bmkit.language import LANGS

# The folder around the package: a checkout, with its course and its tests, or
# site-packages, with neither.
CHECKOUT = environment.PACKAGE.parent
INSTALLED = course_files.INSIDE  # what a wheel brings
SOURCES = "[0-9]*/[0-9]*.py"  # below solutions/: NN-chapter/NN-slug.py
MINE = "my-lessons"
SETTINGS = "pyproject.toml"
HEADER = {"slug", "title", "section", "needs", "data", "extras", "says"}
OPTIONAL = {"symbols", "introduces", "gpu", "minutes"}


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
    introduces: tuple[str, ...] = ()
    gpu: bool = True  # whether `full` is more than `workshop`

    @property
    def built(self) -> Path:
        """Where its notebook lies below ``lessons/<lang>``."""
        return Path(self.path.parent.name) / f"{self.path.stem}.ipynb"

    @property
    def course(self) -> Course:
        """The course that it belongs to."""
        return Course(self.path.parents[2])


class NeedsClone(BmkitError):
    """A command that an installed course cannot do; the message says so."""

    code = 2

    def __init__(self) -> None:
        super().__init__(say("clone.needed", address=Course(INSTALLED).address()))


class UnknownLesson(BmkitError):
    """A slug that no lesson has; the message has the nearest ones."""

    code = 2


class NoCourse(BmkitError):
    """A folder that holds no course; the message says which, and what to do."""

    code = 2


def clone() -> Path:
    """The folder of the clone that bmkit runs from.

    Raises:
        NeedsClone: it was installed.
    """
    if not (CHECKOUT / "pyproject.toml").is_file() or not Course(CHECKOUT).exists():
        raise NeedsClone
    return CHECKOUT


@dataclass(frozen=True)
class Course:
    """A course, by its folder."""

    root: Path

    @classmethod
    def find(cls, folder: Path | None = None) -> Course:
        """The course in ``folder``, or the one that is meant when none is named.

        That is the course of the checkout that bmkit runs from; without a checkout, the
        one that the current folder lies in, or else the one that was installed.

        Raises:
            NoCourse: there is none.
        """
        if folder is not None:
            course = cls(folder.resolve())
            if not course.exists():
                raise NoCourse(say("course.none_in", folder=folder))
            return course
        here = Path.cwd()
        for place in (CHECKOUT, here, *here.parents, INSTALLED):
            if cls(place).exists():
                return cls(place)
        raise NoCourse(say("course.none_here", folder=here))

    def writable(self) -> Course:
        """This course, whose own files a command is about to write.

        Raises:
            NeedsClone: it lies in the installed package.
        """
        if self.installed:
            raise NeedsClone
        return self

    def exists(self) -> bool:
        """Whether there are sources below ``solutions/``."""
        return any(self.solutions.glob(SOURCES))

    @property
    def installed(self) -> bool:
        """Whether it lies in the installed package, where nothing is to be written."""
        return self.root == INSTALLED

    @property
    def home(self) -> Path:
        """Where it keeps what it writes: for an installed course, where one works."""
        if not self.installed:
            return self.root
        here = Path.cwd()
        worked = (one for one in (here, *here.parents) if (one / MINE).is_dir())
        return next(worked, here)

    @property
    def solutions(self) -> Path:
        """What authors write."""
        return self.root / "solutions"

    @property
    def built(self) -> Path:
        """What is handed out: ``lessons/``, with a folder for each language."""
        return self.root / "lessons"

    @property
    def mine(self) -> Path:
        """Where a learner works: copies of lessons, which no command overwrites."""
        return self.home / MINE

    @property
    def state(self) -> Path:
        """What the kit keeps for itself: results, reports, logs. Git ignores it."""
        return self.home / ".bmkit"

    @property
    def results(self) -> Path:
        """What came of runs, kept for the next one."""
        return self.state / "results"

    def limits(self) -> Limits:
        """What one submission may use: ``[tool.bmkit.limits]`` of pyproject.toml.

        Raises:
            BadLimits: the file cannot be read, or has a limit that is none.
        """
        path = self.root / SETTINGS
        where = f"{path}: [tool.bmkit.limits]"
        return Limits.of(as_dict(self._settings().get("limits")), where)

    def deadlines(self) -> JsonObject:
        """The table ``[tool.bmkit.deadlines]`` of pyproject.toml.

        Raises:
            BadLimits: the file cannot be read, or a value stands in its place.
        """
        found = self._settings().get("deadlines", {})
        if not isinstance(found, dict):
            why = say("limits.no_table", name="tool.bmkit.deadlines")
            path = self.root / SETTINGS
            raise BadLimits(say("limits.unreadable", path=path, why=why))
        return as_dict(found)

    def address(self) -> str:
        """Where the project is on the web: ``home`` in ``[tool.bmkit]``; or empty.

        Raises:
            BadLimits: pyproject.toml cannot be read.
        """
        return as_text(self._settings().get("home")).rstrip("/")

    def _settings(self) -> JsonObject:
        path = self.root / SETTINGS
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise BadLimits(say("limits.unreadable", path=path, why=error)) from None
        return as_dict(as_dict(table.get("tool")).get("bmkit"))

    def lessons(self) -> list[Lesson]:
        """Every lesson, in the course's order.

        Raises:
            SourceError: a header is missing, incomplete or has unknown keys.
        """
        found, problems = self.readable()
        if problems:
            raise SourceError(problems)
        return found

    def readable(self) -> tuple[list[Lesson], list[Problem]]:
        """The lessons whose headers are right, and what is wrong with the others'."""
        found: list[Lesson] = []
        problems: list[Problem] = []
        for path in sorted(self.solutions.glob(SOURCES)):
            try:
                found.append(_lesson(path, path.stat().st_mtime_ns))
            except SourceError as error:
                problems += error.problems
            except OSError as error:
                problems.append(Problem(path, 1, reason(error)))
        return found, problems

    def slugs(self) -> list[str]:
        """Every lesson's slug, by its file's name: also where its header is wrong."""
        return [slug_of(path) for path in sorted(self.solutions.glob(SOURCES))]

    def pick(self, slugs: list[str]) -> list[Lesson]:
        """The lessons of these slugs, all when none is given, in the course's order.

        Those whose headers are wrong are left out.

        Raises:
            UnknownLesson: a slug that no lesson has.
            SourceError: a slug of a lesson whose header is wrong.
        """
        every, problems = self.readable()
        known = [lesson.slug for lesson in every]
        for slug in slugs:
            if slug not in known:
                wrong = [one for one in problems if slug_of(one.path) == slug]
                if wrong:
                    raise SourceError(wrong)
                near = difflib.get_close_matches(slug, known, n=3, cutoff=0.4)
                key = "course.near" if near else "course.unknown"
                names = ", ".join(near or known)
                raise UnknownLesson(say(key, slug=slug, names=names))
        return [lesson for lesson in every if not slugs or lesson.slug in slugs]


def slug_of(path: Path) -> str:
    """The slug of a source by its file's name: ``NN-SLUG.py``."""
    return path.stem.split("-", 1)[-1]


def _no_data(path: Path, named: object) -> list[Problem]:
    """A problem for each name under ``data:`` that no data set has."""
    from bmkit.data import cards

    known = cards.names()
    those = f"those of bmkit itself are: {', '.join(known)}"
    rows = path.read_text(encoding="utf-8").splitlines()
    line = next((n for n, row in enumerate(rows, 1) if row.startswith("# data:")), 1)
    return [
        Problem(path, line, f"data: bmkit has no card datasets/{name}.toml; {those}")
        for name in (named if isinstance(named, list) else ())
        if name not in known
    ]


def _text(value: object) -> bool:
    return isinstance(value, str)


@cache
def _lesson(path: Path, _changed: int) -> Lesson:
    header = read_header(path)
    problems = [
        Problem(path, 1, f"the header lacks {key!r}")
        for key in sorted(HEADER - set(header))
    ]
    for key in sorted(set(header) - HEADER - OPTIONAL):
        known = nearest(key, HEADER | OPTIONAL)
        rows = path.read_text(encoding="utf-8").splitlines()
        found = (n for n, row in enumerate(rows, 1) if row.startswith(f"# {key}"))
        line = next(found, 1)
        message = f"unknown key {key!r} in the header{known}"
        problems.append(Problem(path, line, message))
    for key in ("title", "says"):
        value = header.get(key)
        if key in header and (not isinstance(value, dict) or set(value) != set(LANGS)):
            problems.append(Problem(path, 1, f"{key} must have en and zh"))
        elif value is not None and not all(map(_text, value.values())):
            message = f"{key} must be words: put them in quotes"
            problems.append(Problem(path, 1, message))
    if not isinstance(header.get("section", ""), str):
        message = 'section must be text: put it in quotes, as "2.1"'
        problems.append(Problem(path, 1, message))
    for key in ("needs", "data", "extras", "introduces"):
        if key in header and not isinstance(header[key], list):
            problems.append(Problem(path, 1, f"{key} must be a list, as in [a, b]"))
    problems += _no_data(path, header.get("data"))
    symbols = header.get("symbols", {})
    if not isinstance(symbols, dict) or not all(symbols.values()):
        problems.append(Problem(path, 1, "symbols must map each to its meaning"))
    if not isinstance(header.get("minutes", 0), int):
        message = "minutes must be a whole number: leave it out, the build writes it"
        problems.append(Problem(path, 1, message))
    if not isinstance(header.get("gpu", True), bool):
        problems.append(Problem(path, 1, "gpu is true or false"))
    if not problems and slug_of(path) != header["slug"]:
        problems.append(Problem(path, 1, "the file's name must be NN-SLUG.py"))
    if problems:
        raise SourceError(problems)
    return Lesson(
        slug=header["slug"],
        title=header["title"],
        section=header["section"],
        minutes=header.get("minutes", 0),
        needs=tuple(header["needs"]),
        data=tuple(header["data"]),
        extras=tuple(header["extras"]),
        says=header["says"],
        path=path,
        symbols={str(k): str(v) for k, v in header.get("symbols", {}).items()},
        introduces=tuple(map(str, header.get("introduces", []))),
        gpu=header.get("gpu", True),
    )
