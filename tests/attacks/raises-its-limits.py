# tries: to give itself more than it may have
# must: all points; says tried
# ruff: noqa

# %% first
import os
import resource

for what in ("AS", "NPROC", "NOFILE", "FSIZE", "CPU", "CORE"):
    number = getattr(resource, f"RLIMIT_{what}")
    soft, hard = resource.getrlimit(number)
    try:
        resource.setrlimit(number, (hard + 1, hard + 1))
        print("SUCC" + "EEDED", what)
    except (OSError, ValueError):
        pass
    if hard == resource.RLIM_INFINITY:
        print("SUCC" + "EEDED", what, "has no limit")
try:
    os.nice(-5)
    print("SUCC" + "EEDED", "nice")
except OSError:
    pass
print("tried")
