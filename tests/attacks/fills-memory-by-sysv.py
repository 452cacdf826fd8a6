# tries: to take the machine's memory in System V segments, attached one at a time
# must: add 2 points or a person
# ruff: noqa

# %% first
import ctypes
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
taken, size = 0, 50 * 2**20
try:
    while taken < 700 * 2**20:  # the limit is 512 MiB
        number = libc.shmget(0, size, 0o600 | 0o1000)
        at = libc.shmat(number, None, 0) if number >= 0 else None
        if at in (None, 2**64 - 1):
            raise OSError(os.strerror(ctypes.get_errno()))
        ctypes.memset(at, 1, size)
        libc.shmdt(ctypes.c_void_p(at))
        taken += size
    time.sleep(0.4)  # time enough to be found out
except (OSError, KeyboardInterrupt) as error:
    print("tried", error)
if taken > 600 * 2**20:
    print("SUCC" + "EEDED", taken >> 20, "MiB held in memory")
