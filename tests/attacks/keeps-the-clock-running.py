# tries: to go beyond the total time, each cell ending just before it would be killed
# must: a person
# ruff: noqa

# %% first
import time


def wait():
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(1.5)


wait()
# %% first
wait()
# %% first
wait()
# %% first
wait()
# %% first
wait()
# %% first
wait()
