# tries: to send what it knows over the network, and to reach services of this machine
# must: all points; says tried
# ruff: noqa

# %% first
import socket

port = int("@PORT@")

for host, port in (
    ("127.0.0.1", port),
    ("10.0.2.2", port),
    ("1.1.1.1", 53),
    ("169.254.169.254", 80),
    ("::1", port),
):
    try:
        with socket.create_connection((host, port), timeout=0.3):
            print("SUCC" + "EEDED", host)
    except OSError as error:
        print(host, error.strerror)
with socket.socket(socket.AF_UNIX) as unix:
    try:
        unix.connect(f"\0bmkit-attack-{port}")
        print("SUCC" + "EEDED", "abstract socket")
    except OSError as error:
        print(error.strerror)
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    print("SUCC" + "EEDED", "raw socket")
except OSError as error:
    print(error.strerror)
print([name for _, name in socket.if_nameindex()])
if [name for _, name in socket.if_nameindex()] != ["lo"]:
    print("SUCC" + "EEDED", "an interface")
print("tried")
