"""A picture to play with: sliders where a kernel runs, a picture everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bmkit.show.figures import Metadata, MimeBundle, bundle

if TYPE_CHECKING:
    from ipywidgets import Widget
    from matplotlib.figure import Figure

Control = tuple[float, ...] | list[str] | list[int] | list[float]


def explore(draw: Callable[..., Figure], *, alt: str, **controls: Control) -> None:
    """Show ``draw(**values)`` and controls that redraw it.

    The first picture is an ordinary output, so it is there on paper, on the web and in
    reports; the controls update that same output. No Output widget is used, because
    papermill can hang on one.

    Args:
        draw: takes one keyword per control, returns a matplotlib figure.
        alt: what the picture shows, for whoever cannot see it.
        **controls: ``name=(low, high, step)`` or ``(low, high, step, start)`` for a
            slider, ``name=[...]`` for a choice, whose first entry is the start.

    Raises:
        TypeError: a control is neither a tuple of 3 or 4 numbers nor a list.
    """
    import ipywidgets
    from IPython.display import display

    widgets = {name: _widget(name, spec) for name, spec in controls.items()}

    def picture() -> tuple[MimeBundle, Metadata]:
        return bundle(draw(**{name: w.value for name, w in widgets.items()}), alt)

    def redraw(_change: object) -> None:
        data, metadata = picture()
        handle.update(data, metadata=metadata, raw=True)

    display(ipywidgets.HBox(list(widgets.values())))
    data, metadata = picture()
    handle = display(data, metadata=metadata, raw=True, display_id=True)
    for widget in widgets.values():
        widget.observe(redraw, names="value")


def _widget(name: str, spec: Control) -> Widget:
    import ipywidgets

    if isinstance(spec, list):
        return ipywidgets.Dropdown(options=spec, value=spec[0], description=name)
    if not isinstance(spec, tuple) or len(spec) not in (3, 4):
        raise TypeError(
            f"control {name!r} is {spec!r}: give (low, high, step[, start]) or a list"
        )
    low, high, step = spec[:3]
    start = spec[3] if len(spec) == 4 else low
    whole = all(isinstance(value, int) for value in (*spec[:3], start))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        value=start,
        min=low,
        max=high,
        step=step,
        description=name,
        continuous_update=False,
        readout_format="d" if whole else ".3g",
    )
