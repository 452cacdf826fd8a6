# tries: to be still there after its end, in destructors and at exit
# must: all points
# ruff: noqa

# %% first
import atexit
import os
import time


class Sleepy:
    def __del__(self):
        time.sleep(300)


sleepy = Sleepy()
atexit.register(time.sleep, 300)
atexit._run_exitfuncs
os.register_at_fork(after_in_child=lambda: time.sleep(300))
