# tries: to take the machine's memory with shared pages that it lets go of, uncounted
# must: add 2 points or a person
# needs: memory cgroup
# ruff: noqa

# %% first
import mmap
import os
import time


def available():
    with open("/proc/meminfo") as file:
        return next(int(x.split()[1]) for x in file if x.startswith("MemAvailable"))


before = available()
for _ in range(10):
    if os.fork() == 0:
        try:
            pages = mmap.mmap(-1, 400 * 2**20)
            for start in range(0, len(pages), 2**23):
                pages[start : start + 2**23] = b"x" * 2**23
                pages.madvise(mmap.MADV_DONTNEED, start, 2**23)
            time.sleep(60)
        finally:
            os._exit(0)
for _ in range(40):
    time.sleep(0.1)
    if before - available() > 3 * 2**20:
        print("SUCC" + "EEDED: 3 GiB")
        break
os._exit(0)
