# tries: to fill the disk, in every folder that can be written
# must: all points; says tried
# ruff: noqa

# %% first
import os

written = 0
for folder in (os.getcwd(), "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev"):
    for number in range(40):
        try:
            with open(f"{folder}/fill-{number}", "wb") as file:
                for _ in range(8):
                    written += file.write(bytes(2**20))
        except OSError:
            pass
print("tried", written >> 20, "MiB")
if written > 3.1 * 16 * 2**20:  # the limit is 16 MiB, in three folders
    print("SUCC" + "EEDED")
for folder in (os.getcwd(), "/tmp", "/dev/shm"):
    for number in range(40):
        if os.path.exists(f"{folder}/fill-{number}"):
            os.remove(f"{folder}/fill-{number}")
