"""How long a lesson takes, computed from what is in it."""

from __future__ import annotations

import math
import re

from bmkit.course.source.cells import Source
from bmkit.course.source.equations import LABEL
from bmkit.course.source.glossary import NO_PROSE

WORDS = 150  # English words of prose a minute
LINES = 10  # lines of code that stand open, a minute
EQUATION = 2  # minutes
LONGEST = 90  # minutes that a lesson may take
STEP = 5  # minutes: a finer figure would promise more than an estimate knows


def estimate(source: Source) -> int:
    """Minutes for someone who reads it for the first time, up to the next five.

    Prose, open code, equations with a label, and what each exercise says of itself.
    Hints, folded cells and checks are not counted.
    """
    words = lines = equations = 0
    for cell in source.cells:
        if cell.kind in ("prose", "quote"):
            words += len(re.findall(r"\w+", NO_PROSE.sub(" ", cell.source)))
            equations += len(LABEL.findall(cell.source))
        elif cell.kind in ("code", "equation") and not cell.fold:
            lines += sum(bool(row.strip()) for row in cell.source.split("\n"))
    exercises = sum(int(c.options.get("minutes", 0)) for c in source.exercises())
    total = words / WORDS + lines / LINES + EQUATION * equations + exercises
    return max(STEP, STEP * math.ceil(total / STEP))
