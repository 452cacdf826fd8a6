# tries: to keep the grader waiting where Python hears no signal
# must: no points; a person
# ruff: noqa

# %% first
import ctypes
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
libc = ctypes.CDLL(None)
while True:
    libc.pause()
