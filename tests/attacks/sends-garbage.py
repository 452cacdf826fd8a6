# tries: to break the grader with what is no message
# must: no points; a person
# ruff: noqa

# %% first
import os

for number in range(3, 64):
    try:
        os.write(number, b"\xff" * 100_000)
    except OSError:
        pass
