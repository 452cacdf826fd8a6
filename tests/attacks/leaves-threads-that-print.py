# tries: to go on printing from a thread into what other cells say
# must: all points
# ruff: noqa

# %% first
import threading
import time


def chatter():
    while True:
        print("chatter")
        time.sleep(0.01)


threading.Thread(target=chatter, daemon=True).start()
threading.Thread(target=time.sleep, args=(300,)).start()
