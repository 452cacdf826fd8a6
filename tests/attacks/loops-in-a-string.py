# tries: to keep the grader waiting in the text of an error
# must: add 0 points; a person
# ruff: noqa

# %% add
class Endless(ValueError):
    def __str__(self):
        while True:
            pass


def add(a, b):
    raise Endless
