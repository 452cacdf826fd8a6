"""Figures that say in words what they show."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from tqdm.std import tqdm

T = TypeVar("T")
MimeBundle = dict[str, str]
Metadata = dict[str, dict[str, str]]


def png(fig: Figure) -> bytes:
    """Draw ``fig`` as PNG and close it, so that a notebook does not show it twice."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", bbox_inches="tight")
    plt.close(fig)
    return buffer.getvalue()


def bundle(fig: Figure, alt: str) -> tuple[MimeBundle, Metadata]:
    """The mime bundle and metadata of a figure: HTML carries the alt text on screen."""
    picture = base64.b64encode(png(fig)).decode()
    tag = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{picture}">'
    data = {"image/png": picture, "text/html": tag, "text/plain": alt}
    return data, {"image/png": {"alt": alt}}


def figure(fig: Figure, *, alt: str) -> None:
    """Show a figure with its alt text.

    Args:
        fig: a matplotlib figure with labelled axes; it is closed afterwards.
        alt: one or two sentences for whoever cannot see it: what is drawn, and what
            it shows.
    """
    from IPython.display import display

    data, metadata = bundle(fig, alt)
    display(data, metadata=metadata, raw=True)


def progress(items: Iterable[T], label: str = "", total: int | None = None) -> tqdm[T]:
    """Iterate with a progress bar that disappears when done."""
    from tqdm.std import tqdm

    return tqdm(items, desc=label, total=total, leave=False, mininterval=0.5, ncols=72)
