# tries: to share answers over the kernel's keyrings, which forks inherit
# must: all points; says tried
# ruff: noqa

# %% first
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
add_key, keyctl = 248, 250
rings = [ctypes.c_int(number) for number in (-3, -4, -5)]
name = b"bmkit-attack"
notes = [
    libc.syscall(keyctl, 10, ring, b"user", name, ctypes.c_int(0)) for ring in rings
]
if max(notes) > 0:
    print("SUCC" + "EEDED", "a note was left in", notes)
import time

time.sleep(0.3)
print("tried", [libc.syscall(add_key, b"user", name, b"x", 1, ring) for ring in rings])
