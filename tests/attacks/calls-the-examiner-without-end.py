# tries: to keep the examiner busy for ever, with calls within calls
# must: twice 0 points; add 2 points; double 2 points
# ruff: noqa

# %% twice
def twice(f, x):
    while True:
        twice_again = f(x)
        try:
            f(lambda n: twice(f, n))
        except Exception:
            pass
