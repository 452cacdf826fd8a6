# tries: to leave the grader without an answer
# must: no points; a person
# ruff: noqa

# %% first
import os

os.closerange(0, 4096)
