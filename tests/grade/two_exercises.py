"""A course whose first lesson has two exercises, to merge, to split and to move."""

from __future__ import annotations

import shutil
from pathlib import Path

from bmkit.course.source.catalog import Course, Lesson
from tests import ROOT

DOUBLE = '''\
# %% exercise="double" points=3 minutes=3 level=1
def double(a):
    """Return twice the number."""
    ### BEGIN SOLUTION
    return add(a, a)
    ### END SOLUTION


# %% [raw] lang="zh"
# Return twice the number. → 返回这个数的两倍。

# %% check="double"
bm.expect.close(double(4), 8, "twice as much?")
### BEGIN HIDDEN TESTS
bm.expect.close(double(-3), -6, "negative numbers have a double too")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# twice as much? → 是两倍吗？
# negative numbers have a double too → 负数也有两倍

# %% [markdown] hint="double"
# Add it to itself.

# %% [markdown] lang="zh" of="538fa02c"
# 把它与自身相加。


# %% mistake="double" says="twice"
def double(a):
    return a * a + 1


# %% mistake="double" says="negative"
def double(a):
    return 2 * abs(a)


# %% variant="double"
def double(a):
    return 2 * a


'''


def lessons(folder: Path) -> list[Lesson]:
    """The tiny course with a second exercise in its first lesson."""
    shutil.copytree(ROOT / "tests" / "course", folder)
    path = folder / "solutions" / "01-first" / "01-adding.py"
    text = path.read_text(encoding="utf-8")
    claim = text.index("# %%\nbm.claim(")
    path.write_text(text[:claim] + DOUBLE + text[claim:], encoding="utf-8")
    return Course(folder).lessons()
