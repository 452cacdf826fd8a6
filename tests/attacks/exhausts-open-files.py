# tries: to use up the machine's open files
# must: all points; says tried
# ruff: noqa

# %% first
import os
import socket

held = []
try:
    while len(held) < 100_000:
        held += os.pipe()
    print("SUCC" + "EEDED")
except OSError as error:
    for number in held:
        os.close(number)
    print("tried", error.strerror)
