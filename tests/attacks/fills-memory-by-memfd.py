# tries: to take the machine's memory in files that have no name and count for nobody
# must: add 2 points or a person
# ruff: noqa

# %% first
import os
import time

taken, held = 0, []
try:
    while taken < 700:  # the limit is 512 MiB
        held.append(os.memfd_create("x"))
        for _ in range(30):
            taken += os.write(held[-1], bytes(2**20)) / 2**20
    time.sleep(0.4)  # time enough to be found out
except (OSError, KeyboardInterrupt) as error:
    print("tried", error)
if taken > 600:
    print("SUCC" + "EEDED", taken, "MiB held in memory")
