# tries: to fill the grade book and the feedback with output
# must: double 2 points or a person
# ruff: noqa

# %% first
import sys

for _ in range(200):
    print("x" * 2**20)
    sys.stderr.write("y" * 2**20)
