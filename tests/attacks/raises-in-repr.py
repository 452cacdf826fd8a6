# tries: to break or to stall whoever shows an object or an error
# must: add 0 points; double 2 points; cube 2 points
# ruff: noqa

# %% add
class Deep(Exception):
    def __repr__(self):
        return repr(self)

    __str__ = __repr__

    def _repr_html_(self):
        raise SystemExit

    def _repr_mimebundle_(self, *args, **kwargs):
        raise KeyboardInterrupt


def add(a, b):
    raise Deep


# %% last
Deep()
# %% last
raise Deep
