"""A notebook that was handed in as text, in one of jupytext's formats.

What reads these formats takes time as the square of a strange text's length, or more,
and no time limit of a thread's would end it. So it is read in a process of its own,
which has only so much time and memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys

from bmkit.course.json_values import JsonObject, as_dict, as_list
from bmkit.course.kernels import environment

SECONDS = 10.0  # importing jupytext takes one; a lesson as text, a tenth of one
MEMORY = 2**30  # bytes
# Code in Markdown as jupytext does not read it: with tildes, or as Pandoc writes it.
FENCES = re.compile(
    r"^(~~~+|```+) ?(?:python3?|py|ipython3?|\{\.python[^}\n]*\})\n(.*?)^\1$",
    re.MULTILINE | re.DOTALL,
)
# Where a cell begins in code that nbconvert or Databricks exported.
MARKS = re.compile(r"^# (In\[[\d ]*\]:|COMMAND -+)[ \t]*$", re.MULTILINE)


def cells(text: str, form: str) -> list[JsonObject]:
    """The cells of a text, each with its type and source.

    Args:
        text: the file's.
        form: ``python`` or ``markdown``.

    Raises:
        subprocess.CalledProcessError: it is no notebook.
        subprocess.TimeoutExpired: reading it takes more than `SECONDS`.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, form],
        input=text.encode("utf-8", "replace"),
        env={**os.environ, **environment.paths()},
        cwd="/",
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    return [as_dict(cell) for cell in as_list(json.loads(done.stdout))]


def main(form: str) -> None:
    """In the process of its own: text from standard input, cells to standard output."""
    import jupytext

    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    text, kind = _plain(sys.stdin.buffer.read().decode("utf-8"), form)
    found = [
        {
            "cell_type": cell.cell_type,
            "source": cell.source.strip("\n"),
            "metadata": {},
        }
        for cell in jupytext.reads(text, fmt=kind).cells
    ]
    sys.stdout.buffer.write(json.dumps(found).encode("ascii"))


def _plain(text: str, form: str) -> tuple[str, str]:
    """The text as jupytext takes it, and in which of its formats that is."""
    if form == "markdown":
        # A header is no cell, and need not be sound.
        text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        kind = "md:myst" if "{code-cell}" in text else "md"
        return FENCES.sub(r"```python\n\2```", text), kind
    text = MARKS.sub("# %%", text)
    cells = re.search(r"^# ?%%", text, re.MULTILINE)
    return text, "py:percent" if cells else "py:light"


if __name__ == "__main__":
    main(sys.argv[1])
