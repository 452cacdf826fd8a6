# tries: to hold the grader for ever, with an answer that comes a byte at a time
# must: no points; a person
# ruff: noqa

# %% first
import os
import socket
import stat
import struct
import time

sockets = []
for number in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            sockets.append(number)
    except OSError:
        pass
for number in sockets:
    os.write(number, struct.pack(">I", 2**20))
while True:
    try:
        for number in sockets:
            os.write(number, b" ")
        time.sleep(0.5)
    except KeyboardInterrupt:
        pass
