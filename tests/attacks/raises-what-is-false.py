# tries: to fail with an error that says of itself that it is none
# must: cube 0 points; add 0 points
# ruff: noqa

# %% first
class Nothing(Exception):
    def __bool__(self):
        return False

    def __str__(self):
        return ""


# %% add
def add(a, b):
    raise Nothing


# %% cube
def cube(x):
    raise Nothing
