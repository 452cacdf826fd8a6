# tries: to kill every process that it can see
# must: all points; says tried
# ruff: noqa

# %% first
import os
import signal

for pid in (-1, 2, os.getppid(), os.getpgrp()):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            if pid not in (0, os.getpid()):
                os.kill(pid, number)
        except OSError:
            pass
print("tried")
