"""What a stranger's notebook may use: one place, with its defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from bmkit.course.kernels.words import say
from bmkit.errors import BmkitError


class BadLimits(BmkitError):
    """A limit that is none; the message names it and where it stands."""


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

    @classmethod
    def of(cls, table: dict[str, Any], where: str) -> Limits:
        """The limits in ``table``, the defaults for those that it does not name.

        Args:
            table: positive numbers by the limits' names.
            where: what an error says of where the table stands.

        Raises:
            BadLimits: the table names a limit that does not exist, or has something
                else than a positive number.
        """
        known = {field.name for field in fields(cls)}
        for name, value in table.items():
            if name not in known:
                names = ", ".join(sorted(known))
                raise BadLimits(
                    say("limits.unknown", where=where, name=name, known=names)
                )
            if type(value) not in (int, float) or value <= 0:
                raise BadLimits(
                    say("limits.positive", where=where, name=name, value=value)
                )
        return cls(**table)

    def with_flags(self, **flags: float | None) -> Limits:
        """These limits with those of ``flags`` that were given."""
        given: dict[str, Any] = {k: v for k, v in flags.items() if v is not None}
        return replace(self, **given)

    def plain(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold."""
        return asdict(self)
