"""Named numbers in a line, as a notebook, a report and a terminal show a claim."""

from __future__ import annotations

from collections.abc import Mapping

Plain = bool | int | float | str | list["Plain"] | None
Numbers = dict[str, Plain]


def listed(numbers: Mapping[str, Plain]) -> str:
    """Each number with its name, to four significant digits."""
    return ", ".join(f"{name} = {_short(value)}" for name, value in numbers.items())


def _short(value: Plain) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
