# tries: to keep the grader waiting for ever
# must: all points; nobody
# ruff: noqa

# %% first
while True:
    pass
