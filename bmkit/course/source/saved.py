r"""What Jupyter's server does after it has saved a source: letters are put back.

Jupytext writes the options of cells as JSON, ``·`` as ``\u00b7``. An author reads them.
"""

from __future__ import annotations

import re
from pathlib import Path

from bmkit import atomic

ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


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
    # A pair of codes is one letter beyond the first 65,536.
    letters = ESCAPED.sub(lambda found: chr(int(found[1], 16)), row)
    return letters.encode("utf-16", "surrogatepass").decode("utf-16")
