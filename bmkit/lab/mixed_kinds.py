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
BRIDGE = "bmkit.course.grade.judge.rpc"  # asks there for what the learner wrote
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
    if _in_their_code(error):
        return ""
    if nothing:
        return say("expect.none")
    return say("expect.mixed", error=str(error).split("\n")[0])


def unusable(error: BaseException) -> str:
    """The sentence for any other error of a check's own lines; empty for none.

    ``'<=' not supported between 'Far' and 'int'``: what came back is of a kind or shape
    with which the check cannot go on.
    """
    kinds = (TypeError, AttributeError, ValueError, LookupError, RuntimeError)
    if not isinstance(error, kinds) or isinstance(error, NotImplementedError):
        return ""
    if _in_their_code(error) or error.__traceback__ is None:
        return ""
    return say("expect.unusable", error=str(error).split("\n")[0])


def _in_their_code(error: BaseException) -> bool:
    """Whether it came through a call of the learner's own code, watched or not."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    files = {frame.f_code.co_filename for frame in frames}
    cells = {one for one in files if one.startswith(("<ipython", "<answer", "<mutant"))}
    cells |= {one for one in files if "ipykernel_" in one}
    asked = any(frame.f_globals.get("__name__") == BRIDGE for frame in frames)
    called = any(frame.f_code is Guard.call.__code__ for frame in frames)
    checked = any(frame.f_code.co_filename.startswith("<check") for frame in frames)
    return asked or called or len(cells) > (0 if checked else 1)
