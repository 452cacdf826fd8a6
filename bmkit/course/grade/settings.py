"""How to grade: what `bmkit grade`'s flags say."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from bmkit.course.grade.deadlines import Deadlines
from bmkit.course.kernels.limits import Limits


@dataclass(frozen=True)
class Settings:
    """How to grade; the fields are `bmkit grade`'s flags.

    Attributes:
        lang: in which feedback is given; None for each notebook's own.
    """

    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    cluster: str | None = None
    book: str = ""
    unsafe: bool = False
    fresh: bool = False
    feedback: bool = True
    lang: str | None = None
    export: Path | None = None
    limits: Limits = field(default_factory=Limits)
    keep_warm: bool = False
    deadlines: Deadlines = field(default_factory=Deadlines)
