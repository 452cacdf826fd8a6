# tries: to end a loop over the tests, by raising StopIteration within `map`
# must: twice 0 points
# ruff: noqa

# %% twice
def twice(f, x):
    raise StopIteration
