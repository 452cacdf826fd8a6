r"""What Jupyter's server does after it has saved a source: letters are put back.

Jupytext writes the options of cells as JSON, ``·`` as ``\u00b7``. An author reads them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from bmkit import atomic

# A letter beyond ASCII, and beyond the first 65,536 a pair; not a backslash's own.
ESCAPED = re.compile(
    r"(?<!\\)((?:\\\\)*)((?:\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})"
    r"|\\u(?!d[89a-f])(?!00[0-7])[0-9a-f]{4})"
)


def keep_letters(os_path: str, **_: object) -> None:
    """A post-save hook: in the marks of a source's cells, letters instead of codes."""
    path = Path(os_path)
    if path.suffix != ".py":
        return
    rows = path.read_text(encoding="utf-8").split("\n")
    text = "\n".join(_readable(row) if row.startswith("# %%") else row for row in rows)
    if text != "\n".join(rows):
        atomic.write(path, text)


def _readable(row: str) -> str:
    return ESCAPED.sub(lambda found: found[1] + json.loads(f'"{found[2]}"'), row)
