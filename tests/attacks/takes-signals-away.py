# tries: to hear none of the grader's signals, and to send its own on timers
# must: double 2 points or a person
# ruff: noqa

# %% first
import faulthandler
import resource
import signal

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
signal.signal = lambda *a: None
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
faulthandler.dump_traceback_later(0.1, repeat=True, exit=False, file=open("x", "w"))
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
