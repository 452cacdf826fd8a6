# What children of an attack were given, counted by what they tell. The first cell of
# each notebook that says `# needs: memory cgroup`.
# ruff: noqa
import fcntl
import os
import signal
import time

read, write = os.pipe()
fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 2**20)
children = []


def tell(size):
    """How much more this child has taken: lines of 16 bytes, which no read cuts."""
    os.write(write, b"%7d%8d\n" % (os.getpid(), size))


def spawn(count, take):
    """Have children that take all they can, and then wait."""
    for _ in range(count):
        children.append(os.fork())
        if children[-1] == 0:
            try:
                take()
            finally:
                time.sleep(60)


def count():
    """Say what the children hold that are still alive, and end them."""
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
