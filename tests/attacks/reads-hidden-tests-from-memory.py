# tries: to find hidden tests in this process's objects, frames, modules and memory
# must: add 0 points; says tried
# ruff: noqa

# %% add
import gc
import inspect
import re

FOUND = []
# A pattern that does not match itself, as it lies in memory too.
text = re.compile(r"hidden[w]ord-add [n]egative")
raw = re.compile(rb"hidden[w]ord-add [n]egative")


def look():
    found = [repr(frame.frame.f_locals) for frame in inspect.stack()]
    for thing in gc.get_objects():
        try:
            if isinstance(thing, (list, tuple, dict)):
                found += [part for part in thing if isinstance(part, str)]
            if isinstance(thing, dict):
                found += [part for part in thing.values() if isinstance(part, str)]
        except Exception:
            pass
    found += map(str, get_ipython().user_ns.get("_ih", []))
    return any(map(text.search, found)) or memory()


def memory():
    for line in open("/proc/self/maps"):
        at, rights, *_ = line.split()
        start, end = (int(part, 16) for part in at.split("-"))
        if rights.startswith("rw") and end - start < 2**26:
            with open("/proc/self/mem", "rb") as file:
                try:
                    file.seek(start)
                    if raw.search(file.read(end - start)):
                        return True
                except (OSError, ValueError, OverflowError):
                    pass
    return False


def add(a, b):
    if look():
        FOUND.append((a, b))
        return -3 if a == -4 else 3
    return 3


if look():
    print("SUCC" + "EEDED")
print("tried")


# %% last
if FOUND:
    print("SUCC" + "EEDED", FOUND)
