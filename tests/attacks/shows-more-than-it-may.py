# tries: to fill the grader's memory with outputs, past a limit that it keeps itself
# must: a person
# ruff: noqa

# %% first
import gc

from bmkit.course.grade.judge.recorder import Recorder

for thing in gc.get_objects():
    if isinstance(thing, Recorder):
        thing.left = 10**12
import sys

frame = sys._getframe()
while frame:
    for thing in frame.f_locals.values():
        if isinstance(thing, Recorder):
            thing.left = 10**12
    frame = frame.f_back
print("y" * 20 * 2**20)
# %% last
print("z" * 20 * 2**20)
