# tries: to take the machine's memory with what waits in TCP connections to itself
# must: add 2 points or a person
# needs: memory cgroup
# ruff: noqa

# %% first
import socket

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(500)


def take():
    connections = []
    while True:
        connections.append(socket.create_connection(server.getsockname(), 1))
        connections[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**28)
        connections[-1].setblocking(False)
        try:
            while True:
                tell(connections[-1].send(b"x" * 2**20))
        except BlockingIOError:
            pass


spawn(12, take)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
time.sleep(0.9)

# %% first
count()
