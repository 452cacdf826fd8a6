# tries: to share answers with a submission graded at the same time
# must: all points; says tried
# ruff: noqa

# %% first
import ctypes
import errno
import os
import socket
import time

libc = ctypes.CDLL(None, use_errno=True)
mine = f"meeting-{os.urandom(4).hex()}"
with socket.socket(socket.AF_UNIX) as unix, socket.socket() as tcp:
    try:
        unix.bind("\0meeting")
        tcp.bind(("127.0.0.1", 7777))
    except OSError as error:  # somebody is there already
        print("SUCC" + "EEDED", error)
    for folder in ("/tmp", "/dev/shm", ".", "/dev"):
        try:
            open(f"{folder}/{mine}", "w").close()
        except OSError:
            continue
        met = [n for n in os.listdir(folder) if "meeting" in n and n != mine]
        if met:
            print("SUCC" + "EEDED", met)
    libc.shmget(0x5EE, 4096, 0o1000 | 0o2000 | 0o666)  # created anew, or not
    if ctypes.get_errno() == errno.EEXIST:
        print("SUCC" + "EEDED", "shared memory")
    terminals = [n for n in os.listdir("/dev/pts") if n.isdigit()]
    if terminals:
        print("SUCC" + "EEDED", "a terminal", terminals)
    try:
        master = os.open("/dev/ptmx", os.O_RDWR)
        print("terminal", os.ttyname(master) if os.isatty(master) else master)
    except OSError as error:
        print(error)
    time.sleep(0.3)
print("tried")
