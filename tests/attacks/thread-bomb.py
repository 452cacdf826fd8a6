# tries: to start threads until the machine stands still
# must: add 2 points; cube 2 points
# ruff: noqa

# %% first
import threading
import time

try:
    for _ in range(5000):
        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
    print("SUCC" + "EEDED")
except (RuntimeError, MemoryError) as error:
    print("tried", error)
