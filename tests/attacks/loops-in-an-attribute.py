# tries: to keep the grader waiting in whatever is asked of an object
# must: add 0 points; double 2 points
# ruff: noqa

# %% add
class Endless:
    def __getattribute__(self, name):
        while True:
            pass

    __len__ = __iter__ = __float__ = __repr__ = lambda self: self.any


def add(a, b):
    return Endless()
