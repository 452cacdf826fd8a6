"""Notebooks as text: what is in them, and that strange ones hold up nobody."""

from __future__ import annotations

import time

import pytest

from bmkit.course.grade import text_notebook
from bmkit.course.grade.notebook_file import NotGradable, load
from bmkit.language import speak

ANSWER = "def add(a, b):\n    return a + b"
TEXTS = {
    "percent.py": f"# %% [markdown]\n# Prose\n\n# %%\n{ANSWER}\n",
    "light.py": f"# Prose\n\n{ANSWER}\n",
    "plain.md": f"---\ntitle: [\n---\nProse\n\n```python\n{ANSWER}\n```\n",
    "myst.md": f"Prose\n\n```{{code-cell}}\n{ANSWER}\n```\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_each_form_is_read(name, tmp_path):
    (tmp_path / name).write_text(TEXTS[name], encoding="utf-8")
    found = load(tmp_path / name)
    assert [(cell["cell_type"], cell["source"]) for cell in found.cells] == [
        ("markdown", "Prose"),
        ("code", ANSWER),
    ]


def bomb() -> str:
    """YAML of some lines that stands for a gigabyte."""
    rows = ["#   a0: &a0 [1]"]
    rows += [f"#   a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(["# ---", "# jupyter:", *rows, "# ---", "# %%", "x = 1"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["# %%\n" * 180_000, "# %% " + "a=b " * 50_000, bomb()], ids=range(3)
)
def test_a_strange_text_is_refused_in_time(text, tmp_path, monkeypatch):
    monkeypatch.setattr(text_notebook, "SECONDS", 5.0)
    path = tmp_path / "bob.py"
    path.write_text(text, encoding="utf-8")
    speak("en")
    before = time.monotonic()
    with pytest.raises(NotGradable, match=r"a person must look|no answer of this"):
        load(path)
    assert time.monotonic() - before < 15
