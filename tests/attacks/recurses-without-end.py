# tries: to crash in a recursion that Python does not count
# must: add 0 points or a person
# ruff: noqa

# %% add
import sys


def add(a, b):
    sys.setrecursionlimit(10**9)
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return nested
