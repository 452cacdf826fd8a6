# tries: to read the grade book, other submissions, sources and answers
# must: all points; says tried
# ruff: noqa

# %% first
import glob
import os
import sys

places = ["@SECRETS@/gradebook.db", "@SECRETS@/submitted/*/*/*.ipynb", "@SECRETS@/*"]
places += ["@ROOT@/solutions/*/*.py", "@ROOT@/tests/*", "@ROOT@/*.toml", "@ROOT@/.git"]
places += ["/etc/passwd", "/etc/shadow"]
for home in ("/root", *glob.glob("/home" + "/*")):
    places += [home + "/*", home + "/.[a-z]*"]
places += ["/hostproc/*", "/run/*", "/var/lib/*/*", "/mnt/*", "/srv/*"]
shown = [sys.base_prefix, sys.prefix, os.path.realpath(sys.prefix), "@ROOT@/bmkit"]
for place in places:
    for found in glob.glob(place):
        if not any(path.startswith(found) for path in shown):
            print("SUCC" + "EEDED", found)
for folder, inner, files in os.walk("/"):
    inner[:] = set(inner) - {"usr", "proc", "sys", "lib", "dev", ".venv"}
    if {"gradebook.db", "01-adding.py", "01-target.py"} & set(files):
        print("SUCC" + "EEDED", folder)
print("tried")
