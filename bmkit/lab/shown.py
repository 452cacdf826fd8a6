"""Sentences for a learner: rendered in a notebook, as plain text everywhere else."""

from __future__ import annotations

from bmkit.lab import plain_text
from bmkit.lab.exercises import shell


def markdown(text: str, plain: str | None = None) -> None:
    """Show Markdown; formulas are typeset where the front end can.

    Args:
        text: the Markdown.
        plain: what stands for it as text; None for the same without its marks.
    """
    plain = plain_text.plain(text) if plain is None else plain
    if getattr(shell(), "kernel", None) is None:
        print(plain)
        return
    from IPython.display import display

    display({"text/markdown": text, "text/plain": plain}, raw=True)


def message(text: str) -> None:
    """Show a message, which may quote a learner's values."""
    markdown(plain_text.message_as_markdown(text), plain_text.plain_message(text))
