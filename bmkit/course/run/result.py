"""What came of running one lesson: plain data that crosses any process."""

from __future__ import annotations

from dataclasses import dataclass, field

from bmkit.course.json_values import JsonObject
from bmkit.course.words import say

VERSION = 1  # of `Result`; more where a field's meaning changes
GOOD = ("passed", "unchanged", "skipped")


@dataclass
class Result:
    """What came of a job; ``seconds`` of wall time, ``memory`` in bytes at its peak.

    ``version`` is of this form, as it was written.
    """

    slug: str
    title: str
    status: str
    seconds: float = 0.0
    memory: int = 0
    message: str = ""
    traceback: str = ""
    cell: str = ""
    claims: list[JsonObject] = field(default_factory=list)
    graders: list[JsonObject] = field(default_factory=list)
    figures: list[dict[str, str]] = field(default_factory=list)
    notebook: str = ""
    key: str = ""
    version: int = VERSION

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with the lesson."""
        return self.status in GOOD

    @property
    def says(self) -> str:
        """The status in the user's language."""
        return say(f"status.{self.status.replace(' ', '_')}")
