# tries: to find hidden tests and answers in the package, the caches and on the disk
# must: all points; says tried
# ruff: noqa

# %% first
import os
import pathlib

import bmkit

words = ("hiddenword" + "-add", "secret_sum" + " = a + b")
package = pathlib.Path(bmkit.__file__).parent
beside = [path.name for path in package.parent.iterdir()]
if set(beside) - {"bmkit", "datasets", ".venv"}:
    print("SUCC" + "EEDED", beside)
for root in (package, "/tmp", "/home", "."):
    for folder, folders, files in os.walk(root):
        if ".venv" in folders:  # a checkout below /tmp: all of Python, for minutes
            folders.remove(".venv")
        for path in (pathlib.Path(folder, name) for name in files):
            if path.suffix not in (".py", ".ipynb", ".db", ".json", ".pyc"):
                continue
            text = path.read_bytes().decode(errors="replace")
            if any(word in text for word in words):
                print("SUCC" + "EEDED", path)
try:
    from bmkit.course.source.catalog import Course

    for lesson in Course.find().lessons():
        print("SUCC" + "EEDED", lesson.path.read_text()[:10])
except Exception as error:
    print(type(error).__name__)
print("tried", beside)
