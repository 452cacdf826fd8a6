# tries: to take away what covers the machine's own process table
# must: all points; says tried
# ruff: noqa

# %% first
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def look():
    return [name for name in os.listdir("/hostproc") if name.isdigit()]


read, write = os.pipe()
if os.fork() == 0:
    try:
        uid = os.getuid()
        for flags in (0x10000000 | 0x00020000, 0x10000000 | 0x20000000, 0x00020000):
            libc.unshare(flags)
        try:
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1")):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
        except OSError:
            pass
        for flags in (0, 2, 8):
            libc.umount2(b"/hostproc", flags)
            libc.umount2(b"/proc", flags)
            libc.umount2(b"/tmp", flags)
        libc.mount(b"/", b"/tmp", None, 4096, None)
        libc.mount(b"/hostproc", b"/tmp", None, 4096, None)
        libc.mount(b"proc", b"/tmp", b"proc", 0, None)
        found = look() + [n for n in os.listdir("/tmp") if n.isdigit() and int(n) > 9]
        try:
            found += [n for n in os.listdir("/tmp" + "/hostproc") if n.isdigit()]
        except OSError:
            pass
        os.write(write, repr(found).encode())
    finally:
        os._exit(0)
os.close(write)
seen = os.read(read, 1000).decode()
_ = os.wait()
if look() or seen != "[]":
    print("SUCC" + "EEDED", look(), seen)
print("tried", seen)
