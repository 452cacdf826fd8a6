# tries: to take the machine's memory with shared pages that it lets go of, uncounted
# must: add 2 points or a person
# needs: memory cgroup
# ruff: noqa

# %% first
import mmap


def take():
    pages = mmap.mmap(-1, 400 * 2**20)
    for start in range(0, len(pages), 2**23):
        pages[start : start + 2**23] = b"x" * 2**23
        pages.madvise(mmap.MADV_DONTNEED, start, 2**23)
        tell(2**23)
    time.sleep(60)  # the pages are this function's


spawn(10, take)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
count()
