# tries: full points with an object that equals everything and is close to it
# must: add 0 points; double 0 points; twice 0 points; cube 0 points
# ruff: noqa

# %% add
class Anything(float):
    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __le__ = __ge__ = __eq__
    __hash__ = None
    shape = ()

    def __float__(self):
        return 3.0

    def __array__(self, *args, **kwargs):
        return np.array(3.0)

    def __bool__(self):
        return True


def add(a, b):
    return Anything(3)


# %% double
class Array(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(1)

    def __array_function__(self, *args, **kwargs):
        return True

    def __eq__(self, other):
        return np.ones(1, dtype=bool)


def double(x):
    return np.zeros(2).view(Array)


# %% twice
def twice(f, x):
    return Anything(0)


# %% cube
class Tensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return torch.ones(())


def cube(x):
    return x.as_subclass(Tensor)
