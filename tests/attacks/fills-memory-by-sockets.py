# tries: to take the machine's memory with what waits in sockets, which counts for nobody
# must: add 2 points or a person
# needs: memory cgroup
# ruff: noqa

# %% first
import socket


def take():
    pairs = []
    while True:
        pairs.append(socket.socketpair())
        for end in pairs[-1]:
            end.setblocking(False)
            try:
                while True:
                    tell(end.send(b"x" * 2**20))
            except BlockingIOError:
                pass


spawn(20, take)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
count()
