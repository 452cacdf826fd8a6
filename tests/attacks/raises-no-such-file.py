# tries: nothing: an honest mistake, an error of the system's kind in an answer
# must: add 0 points; double 2 points; twice 2 points; cube 2 points; nobody
# ruff: noqa

# %% add
def add(a, b):
    return open("/no/such/file")
