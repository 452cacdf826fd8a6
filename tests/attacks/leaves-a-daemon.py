# tries: to leave a process behind: forked twice, of a session of its own
# must: all points
# ruff: noqa

# %% first
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 64)
        while True:
            time.sleep(1)
    os._exit(0)
