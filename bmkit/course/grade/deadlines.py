"""When work is due, and what handing it in later costs: the course file says.

    [tool.bmkit.deadlines]
    zone = "Europe/Berlin"        # UTC where it is not said
    grace_minutes = 15            # so late is not late
    percent_a_day = 10            # taken off for each day that has begun
    floor = 50                    # percent of the points that are left all the same
    zero_after_days = 7           # from then on nothing is left
    [tool.bmkit.deadlines.due]
    welcome = 2026-11-02 18:00:00 # a day alone, 2026-11-02, is all of that day
    [tool.bmkit.deadlines.extensions.ann]
    all_days = 2                  # for every lesson
    welcome = 2026-11-09 18:00:00 # for this one

Work without a time is not late, since nobody knows.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from bmkit.course.grade.student_names import student_id
from bmkit.course.json_values import JsonObject
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
    zone: tzinfo = UTC

    @classmethod
    def of(
        cls, table: JsonObject, where: str, slugs: Collection[str] = ()
    ) -> Deadlines:
        """From the table in the course file.

        Args:
            table: what stands there.
            where: how messages call it.
            slugs: the lessons there are; any where none are named.

        Raises:
            BadDeadlines: a key or lesson that is unknown, or a value that is no number
                or time.
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
        if numbers.get("floor", 0.0) > 100:
            key = f"floor = {table['floor']!r}"
            raise BadDeadlines(say("late.bad", where=where, key=key))

        def times(found: Any, key: str) -> dict[str, datetime]:
            return _times(found, zone, slugs, where, key)

        due = times(table.get("due", {}), "due")
        extensions, days = {}, {}
        every = table.get("extensions", {})
        if not isinstance(every, dict):
            key = f"extensions = {every!r}"
            raise BadDeadlines(say("late.bad", where=where, key=key))
        for name, given in every.items():
            key, student = f"extensions.{name}", student_id(name)
            own = dict(given) if isinstance(given, dict) else {"?": given}
            if "all_days" in own:
                days[student] = _number(own.pop("all_days"), where, f"{key}.all_days")
            extensions[student] = times(own, key)
        return cls(due, extensions, days, **numbers, zone=zone)

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


def _times(
    table: Any, zone: ZoneInfo, slugs: Collection[str], where: str, key: str
) -> dict[str, datetime]:
    """Times by lesson, TOML's own or text; in the course's zone where they say none."""
    if not isinstance(table, dict):
        raise BadDeadlines(say("late.bad", where=where, key=f"{key} = {table!r}"))
    found = {}
    for slug, value in table.items():
        shown = repr(value) if isinstance(value, str) else value
        wrong = f"{key}.{slug} = {shown}"
        try:
            time = _time(str(value))
        except ValueError:
            raise BadDeadlines(say("late.bad", where=where, key=wrong)) from None
        if slugs and slug not in slugs:
            raise BadDeadlines(say("late.lesson", where=where, key=wrong))
        found[slug] = time if time.tzinfo else time.replace(tzinfo=zone)
    return found


def _time(text: str) -> datetime:
    """A time; a day without one lasts until its end.

    Raises:
        ValueError: it is none.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)
    return datetime(day.year, day.month, day.day) + timedelta(days=1)
