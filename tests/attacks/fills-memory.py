# tries: to take all memory
# must: add 0 points or a person
# ruff: noqa

# %% add
held = []


def add(a, b):
    while True:
        held.append(bytearray(2**24))
