# tries: to take the processors from the others, with as many processes as it may have
# must: add 2 points or a person
# ruff: noqa

# %% first
import os
import time

for _ in range(20):
    if os.fork() == 0:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            pass
        os._exit(0)
