"""What a stranger's notebook may use: one place, with its defaults.

A course changes them in ``[tool.bmkit.limits]`` of its ``pyproject.toml``; each is a
flag of ``bmkit grade`` too.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from bmkit.course.source.catalog import ROOT


class BadLimits(Exception):
    """A limit that is none; the message names it and the file."""


@dataclass(frozen=True)
class Limits:
    """Limits of one submission.

    Attributes:
        memory: MiB for all of its processes, beyond what the frameworks take.
        processes: how many processes and threads at one time.
        open_files: how many each process may hold open.
        file_size: MiB of the largest file it may write.
        disk: MiB of all its files; they live in memory and vanish with it.
        output: MiB of everything it prints and shows.
        cell_seconds: wall time that one cell may take.
        total_seconds: wall time of the whole submission.
    """

    memory: int = 4096
    processes: int = 64
    open_files: int = 512
    file_size: int = 256
    disk: int = 512
    output: int = 8
    cell_seconds: float = 60
    total_seconds: float = 600

    def with_flags(self, **flags: float | None) -> Limits:
        """These limits with those of ``flags`` that were given."""
        return replace(self, **{k: v for k, v in flags.items() if v is not None})

    def plain(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold."""
        return asdict(self)


def limits() -> Limits:
    """The course's limits.

    Raises:
        BadLimits: the file names a limit that does not exist, or not a positive number.
    """
    path = ROOT / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return Limits()
    given = table.get("tool", {}).get("bmkit", {}).get("limits", {})
    known = {field.name for field in fields(Limits)}
    for name, value in given.items():
        if name not in known:
            raise BadLimits(
                f"{path}: [tool.bmkit.limits] has {name!r}; there are "
                f"{', '.join(sorted(known))}"
            )
        if type(value) not in (int, float) or value <= 0:
            raise BadLimits(
                f"{path}: [tool.bmkit.limits] {name} = {value!r}: a positive number"
            )
    return Limits(**given)
