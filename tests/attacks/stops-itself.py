# tries: to stop instead of ending, so that nobody waits for its end
# must: no points; a person
# ruff: noqa

# %% first
import os
import signal
import time

os.kill(os.getpid(), signal.SIGSTOP)
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
signal.raise_signal(signal.SIGSTOP)
os.kill(0, signal.SIGSTOP)
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
