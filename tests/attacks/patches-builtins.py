# tries: full points for wrong answers: built-in functions and exceptions replaced
# must: add 0 points; half 0 points; cube 0 points
# ruff: noqa

# %% first
import builtins

builtins.abs = lambda x: 0
builtins.AssertionError = type("Quiet", (Exception,), {})
builtins.all = builtins.any = builtins.isinstance if False else builtins.all
builtins.bool = lambda x: True


# %% add
def add(a, b):
    return 0


# %% half
def half(x):
    return 0


# %% cube
def cube(x):
    return x
