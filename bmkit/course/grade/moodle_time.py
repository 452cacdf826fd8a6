"""Times as Moodle's grading worksheet writes them, in English and in Chinese.

"Monday, 2 November 2026, 6:12 PM", in American English "Monday, November 2, 2026,
6:12 PM", in Chinese "2026年11月2日 星期一 18:12". They have neither seconds nor a zone:
it is the teacher's own in Moodle, and is taken for the course's.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun"]
MONTHS += ["jul", "aug", "sep", "oct", "nov", "dec"]
_DAY, _YEAR = r"(?P<day>\d{1,2})", r"(?P<year>\d{4})"
_WORD, _HALF = "(?P<month>[a-z]{3,9})", "[ap]m|上午|下午"
_CLOCK = rf"(?P<before>{_HALF})? ?(?P<hour>\d{{1,2}}):(?P<minute>\d\d)"
FORMS = [
    re.compile(rf"{date}[,，]? ?{_CLOCK} ?(?P<after>{_HALF})?", re.IGNORECASE)
    for date in (
        f"(?:[a-z]+, )?{_DAY} {_WORD} {_YEAR}",
        f"(?:[a-z]+, )?{_WORD} {_DAY}, {_YEAR}",
        rf"{_YEAR}年 ?(?P<month>\d{{1,2}})月 ?{_DAY}日[,， ]*(?:星期.)?",
    )
]


def parsed(text: str, zone: tzinfo) -> datetime | None:
    """The time in UTC; None where this is no time that Moodle writes.

    Args:
        text: a cell of "Last modified (submission)".
        zone: the course's.
    """
    plain = " ".join(text.split())
    found = next((match for one in FORMS if (match := one.fullmatch(plain))), None)
    if found is None:
        return None
    hour, half = int(found["hour"]), (found["before"] or found["after"] or "").lower()
    if half in ("pm", "下午"):
        hour = hour if hour > 12 else hour % 12 + 12
    elif half:
        hour %= 12
    try:
        local = datetime(
            int(found["year"]),
            _month(found["month"]),
            int(found["day"]),
            hour,
            int(found["minute"]),
            tzinfo=zone,
        )
    except ValueError:
        return None
    return local.astimezone(UTC)


def _month(text: str) -> int:
    """1 to 12.

    Raises:
        ValueError: it is no month's name.
    """
    return int(text) if text.isdigit() else MONTHS.index(text[:3].lower()) + 1
