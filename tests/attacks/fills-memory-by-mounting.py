# tries: to take the machine's memory in a file system of its own making
# must: all points; says tried
# ruff: noqa

# %% first
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def within():
    uid = os.getuid()
    if libc.unshare(0x10000000 | 0x00020000):  # new user, new mounts
        return "no new user namespace"
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {uid} 1"),
        ("gid_map", f"0 {uid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, b"size=64g"):
        return "no mount"
    return "SUCC" + "EEDED a file system without a limit"


read, write = os.pipe()
if os.fork() == 0:
    try:
        os.write(write, within().encode())
    finally:
        os._exit(0)
os.close(write)
print("tried:", os.read(read, 1000).decode())
os.wait()
