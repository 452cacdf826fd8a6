# tries: to become somebody else: set-user-id programs, capabilities, namespaces
# must: all points; says tried
# ruff: noqa

# %% first
import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
for call in (lambda: os.setuid(0), lambda: os.chroot("/"), lambda: os.setgid(0)):
    try:
        call()
        print("SUCC" + "EEDED", os.getuid())
    except OSError:
        pass
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    print("SUCC" + "EEDED", "mounts")
if libc.sethostname(b"mine", 4) == 0:
    print("SUCC" + "EEDED", "hostname")
for path in ("/proc/1/ns/mnt", "/proc/1/ns/pid", "/proc/1/ns/user", "/proc/1/ns/net"):
    with open(path) as file:
        if libc.setns(file.fileno(), 0) == 0 and "pid" not in path:
            print("SUCC" + "EEDED", path)
status = open("/proc/self/status").read()
if "NoNewPrivs:\t1" not in status or "CapEff:\t0000000000000000" not in status:
    print("SUCC" + "EEDED", status)
told = subprocess.run(["su", "-c", "id"], capture_output=True, text=True)
if "uid=0" in told.stdout:
    print("SUCC" + "EEDED", told.stdout)
print("tried", told.returncode)
