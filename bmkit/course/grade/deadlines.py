"""When work is due, and what handing it in later costs: the course file says.

    [tool.bmkit.deadlines]
    zone = "Europe/Berlin"        # UTC where it is not said
    grace_minutes = 15            # so late is not late
    percent_a_day = 10            # taken off for each day that has begun
    floor = 50                    # percent of the points that are left all the same
    zero_after_days = 7           # from then on nothing is left
    [tool.bmkit.deadlines.due]
    welcome = 2026-11-02 18:00:00
    [tool.bmkit.deadlines.extensions.ann]
    all_days = 2                  # for every lesson
    welcome = 2026-11-09 18:00:00 # for this one

Work without a time is not late, since nobody knows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bmkit.course.json_values import JsonObject, as_dict
from bmkit.course.words import say
from bmkit.errors import BmkitError

DAY = 86_400
NUMBERS = ("grace_minutes", "percent_a_day", "floor", "zero_after_days")


class BadDeadlines(BmkitError):
    """The course file has a deadline that is none; the message names it."""


@dataclass(frozen=True)
class Late:
    """How late work is, and what it costs.

    Attributes:
        seconds: after it was due.
        percent: of its points that are taken off.
    """

    seconds: float = 0.0
    percent: float = 0.0


@dataclass(frozen=True)
class Deadlines:
    """When each lesson is due, for whom, and what a day costs."""

    due: dict[str, datetime] = field(default_factory=dict)
    extensions: dict[str, dict[str, datetime]] = field(default_factory=dict)
    days: dict[str, float] = field(default_factory=dict)
    grace_minutes: float = 0.0
    percent_a_day: float = 0.0
    floor: float = 0.0
    zero_after_days: float = math.inf

    @classmethod
    def of(cls, table: JsonObject, where: str) -> Deadlines:
        """From the table in the course file.

        Raises:
            BadDeadlines: a key that is unknown, or a value that is no number or time.
        """
        known = {"zone", "due", "extensions", *NUMBERS}
        for name in table:
            if name not in known:
                names = ", ".join(sorted(known))
                raise BadDeadlines(
                    say("late.unknown", where=where, name=name, known=names)
                )
        numbers = {
            name: _number(table[name], where, name) for name in NUMBERS if name in table
        }
        try:
            zone = ZoneInfo(str(table.get("zone", "UTC")))
        except (KeyError, ValueError, OSError):
            key = f"zone = {table['zone']!r}"
            raise BadDeadlines(say("late.bad", where=where, key=key)) from None
        due = _times(table.get("due", {}), zone, where, "due")
        extensions, days = {}, {}
        for student, given in as_dict(table.get("extensions")).items():
            key = f"extensions.{student}"
            own = dict(given) if isinstance(given, dict) else {"?": given}
            if "all_days" in own:
                days[student] = _number(own.pop("all_days"), where, f"{key}.all_days")
            extensions[student] = _times(own, zone, where, key)
        return cls(due, extensions, days, **numbers)

    def due_for(self, student: str, slug: str) -> datetime | None:
        """When a student's work is due; None where the course does not say."""
        own = self.extensions.get(student, {}).get(slug)
        due = self.due.get(slug)
        if own is not None or due is None:
            return own
        return due + timedelta(days=self.days.get(student, 0.0))

    def late(self, student: str, slug: str, submitted: datetime | None) -> Late:
        """How late work is; a time of handing in that names no zone is in UTC."""
        due = self.due_for(student, slug)
        if due is None or submitted is None:
            return Late()
        if submitted.tzinfo is None:
            submitted = submitted.replace(tzinfo=UTC)
        seconds = (submitted - due).total_seconds()
        if seconds <= 60 * self.grace_minutes:
            return Late()
        if seconds > DAY * self.zero_after_days:
            return Late(seconds, 100.0)
        off = self.percent_a_day * math.ceil(seconds / DAY)
        return Late(seconds, min(off, 100.0 - self.floor))


def told(seconds: float, percent: float, lang: str) -> str:
    """How late, in words: "handed in 3 h late; 10 % off"."""
    if seconds <= 0:
        return ""
    for unit, size in (("days", DAY), ("hours", 3600), ("minutes", 60)):
        if seconds >= size or unit == "minutes":
            time = say(f"late.{unit}", lang=lang, count=max(1, int(seconds // size)))
            break
    return say("late.said", lang=lang, time=time, percent=f"{percent:g}")


def _number(value: Any, where: str, key: str) -> float:
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise BadDeadlines(say("late.bad", where=where, key=f"{key} = {value!r}"))
    return float(value)


def _times(table: Any, zone: ZoneInfo, where: str, key: str) -> dict[str, datetime]:
    """Times by lesson, TOML's own or text; in the course's zone where they say none."""
    if not isinstance(table, dict):
        raise BadDeadlines(say("late.bad", where=where, key=f"{key} = {table!r}"))
    found = {}
    for slug, value in table.items():
        try:
            time = datetime.fromisoformat(str(value))
        except (TypeError, ValueError):
            wrong = f"{key}.{slug} = {value!r}"
            raise BadDeadlines(say("late.bad", where=where, key=wrong)) from None
        found[slug] = time if time.tzinfo else time.replace(tzinfo=zone)
    return found
