# tries: to break the grader with containers in containers
# must: no points; a person
# ruff: noqa

# %% first
import os
import struct

message = b"[" * 500_000 + b"]" * 500_000
for number in range(3, 64):
    try:
        os.write(number, struct.pack(">I", len(message)) + message)
    except OSError:
        pass
