# tries: to end grading before it has a result
# must: no points; a person
# ruff: noqa

# %% after add
import os

os._exit(0)
