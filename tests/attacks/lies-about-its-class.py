# tries: full points with objects that say they are of another class
# must: add 0 points; double 0 points or a person; twice 0 points
# ruff: noqa

# %% add
class Liar:
    __class__ = float
    dtype = np.dtype(float)
    shape = ()
    ndim = 0

    def __instancecheck__(self, other):
        return True

    def __float__(self):
        return 3.0

    def __len__(self):
        return 10**18

    def detach(self):
        return self

    cpu = resolve_conj = numpy = detach

    def __getitem__(self, key):
        return self


def add(a, b):
    return Liar()


# %% double
def double(x):
    return np.array([Liar(), Liar()], dtype=object)


# %% twice
def twice(f, x):
    return Liar()
