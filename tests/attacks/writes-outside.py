# tries: to write where it may not: system, package, grade book, the kernel's settings
# must: all points; says tried
# ruff: noqa

# %% first
import os
import sys

import bmkit

targets = ["/usr/bin/env", "/hostproc/x", "@SECRETS@/gradebook.db", bmkit.__file__]
targets += [os.__file__, sys.executable, "/dev/sda", "/dev/mem", "/dev/kmsg"]
targets += ["/proc/sysrq-trigger"]
for folder, _, files in os.walk("/proc/sys"):
    targets += [os.path.join(folder, file) for file in files]
for target in targets:
    try:
        os.close(os.open(target, os.O_WRONLY))  # opened is enough; nothing is written
        print("SUCC" + "EEDED", target)
    except OSError:
        pass
for folder in ("/", "/usr", "/etc", sys.prefix, os.path.dirname(bmkit.__file__)):
    try:
        open(f"{folder}/bmkit-attack", "x").close()
    except OSError:
        continue
    if folder not in ("/", "/etc"):  # in memory, and gone with this notebook
        print("SUCC" + "EEDED", folder)
print("tried")
