# tries: to read the memory of the processes above it, and to trace them
# must: all points; says tried
# ruff: noqa

# %% first
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in (os.getppid(), 0, 1, 2, 3, *range(4, 200)):
    if pid == os.getpid():
        continue
    try:
        with open(f"/proc/{pid}/mem", "rb") as file:
            print("SUCC" + "EEDED", pid)
    except OSError:
        pass
    if libc.ptrace(16, pid, 0, 0) == 0:
        print("SUCC" + "EEDED", "traces", pid)
others = [name for name in os.listdir("/proc") if name.isdigit()]
if set(others) - {str(os.getpid())}:
    print("SUCC" + "EEDED", "sees", others)
print("tried", os.getppid(), others)
