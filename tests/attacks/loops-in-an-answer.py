# tries: to keep the process that tests waiting
# must: add 0 points; double 2 points; nobody
# ruff: noqa

# %% add
def add(a, b):
    while True:
        pass
