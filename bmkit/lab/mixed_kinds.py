"""A raw error, where a check goes on with numbers of another kind, or with None.

``m1 and m2 must have the same dtype`` comes from the check's line, so the learner looks
for it in vain in their own. What went wrong is the kind of what they returned.
"""

from __future__ import annotations

import re
import traceback

from bmkit.lab.guard import Guard
from bmkit.lab.words import say

_KINDS = re.compile(
    r"dtype|scalar type|floating point type|(Float|Double|Half|BFloat16) did not match"
    r"|numpy\.ndarray|NumPy arrays"
)
_NOTHING = re.compile(r"\bNoneType\b")


def told(error: BaseException) -> str:
    """The sentence for an error of this sort; empty for any other.

    Args:
        error: what a check raised. What came out of a call of the learner's own code
            is none of this sort: its message tells of a line of theirs.
    """
    sort = isinstance(error, (RuntimeError, TypeError, AttributeError))
    nothing = _NOTHING.search(str(error)) is not None
    if not sort or not (nothing or _KINDS.search(str(error))):
        return ""
    frames = traceback.walk_tb(error.__traceback__)
    if any(frame.f_code is Guard.call.__code__ for frame, _ in frames):
        return ""
    if nothing:
        return say("expect.none")
    return say("expect.mixed", error=str(error).split("\n")[0])
