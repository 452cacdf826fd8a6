# tries: to end the tests with what is no `Exception`
# must: no points; a person
# ruff: noqa

# %% add
def add(a, b):
    raise GeneratorExit


# %% double
def double(x):
    raise KeyboardInterrupt


# %% half
class Passed(BaseException):
    pass


def half(x):
    raise Passed


# %% twice
def twice(f, x):
    raise StopAsyncIteration


# %% cube
def cube(x):
    raise GeneratorExit
