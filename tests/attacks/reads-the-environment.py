# tries: to find what the grader was started with: variables, arguments, home
# must: all points; says tried
# ruff: noqa

# %% first
import glob
import os
import sys

seen = [str(dict(os.environ)), str(sys.argv), str(sys.orig_argv)]
for pattern in ("/proc/*/environ", "/proc/*/cmdline", "/hostproc/*/environ"):
    for path in glob.glob(pattern):
        try:
            seen.append(open(path, "rb").read().decode(errors="replace"))
        except OSError as error:
            seen.append(str(error))
if "@WORD@"[::-1] in "".join(seen):
    print("SUCC" + "EEDED")
print("tried", len(seen))
