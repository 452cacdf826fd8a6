"""How a check fails: with one sentence for the learner."""

from __future__ import annotations

from bmkit.errors import BmkitError


class CheckFailed(BmkitError, AssertionError):
    """An answer is not right yet; the message says how and what to try."""

    def _render_traceback_(self) -> list[str]:
        # IPython shows these lines instead of a traceback through the kit's own code.
        from bmkit.lab.plain_text import plain_message

        return [f"✗ {plain_message(str(self))}"]
