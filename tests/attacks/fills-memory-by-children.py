# tries: to take all memory, with many processes that each keep within their limit
# must: no points; a person
# ruff: noqa

# %% first
import os
import time

for _ in range(20):
    if os.fork() == 0:
        held = bytearray(os.urandom(2**20) * 60)
        time.sleep(30)
        os._exit(0)
time.sleep(30)
