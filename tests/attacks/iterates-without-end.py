# tries: to fill memory with an answer that has no end
# must: double 0 points; add 2 points; cube 2 points
# ruff: noqa

# %% double
import itertools


class Endless:
    def __iter__(self):
        return itertools.count()

    def __len__(self):
        return 2**62

    def __getitem__(self, number):
        return 0.0


def double(x):
    return Endless()
