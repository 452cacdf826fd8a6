"""The plots' look: legible on a projector, in greyscale, and with Chinese labels."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FONT = Path(__file__).parent / "fonts" / "NotoSansCJKsc-subset.otf"


@cache
def use() -> None:
    """Set matplotlib's defaults once: font, cycle of colours and dashes, grid."""
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib import font_manager

    font_manager.fontManager.addfont(str(FONT))
    chinese = font_manager.FontProperties(fname=str(FONT)).get_name()
    # Colours from dark to light, each with its own dash: they part in greyscale too.
    colours = ["#1b3a6b", "#c2410c", "#0f8b8d", "#8e44ad", "#d19a00", "#7f8c8d"]
    dashes = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3))]
    mpl.rcParams.update(
        {
            "font.family": ["DejaVu Sans", chinese],
            "axes.unicode_minus": False,
            "axes.prop_cycle": cycler(color=colours) + cycler(linestyle=dashes),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "figure.figsize": (6.4, 3.6),
            "figure.dpi": 110,
            "image.cmap": "cividis",
            "legend.frameon": False,
        }
    )
