"""A picture to play with: sliders where a kernel runs, a picture everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bmkit.lab.words import say
from bmkit.show.figures import Metadata, MimeBundle, bundle

if TYPE_CHECKING:
    from ipywidgets import Widget
    from matplotlib.figure import Figure

Control = tuple[float, ...] | list[str] | list[int] | list[float]
Alt = str | Callable[..., str]

# What ipywidgets leaves out: the name of a slider, for who hears the page. Its handle
# is no form field, so its label does not count. Widgets are drawn later than outputs,
# and again when a page is scrolled; one observer in a page names them all.
NAMES = """<script>
(() => {
  const parts = ".noUi-handle, .widget-readout";
  const name = () => document.querySelectorAll(".widget-slider").forEach((slider) => {
    const label = slider.querySelector(".widget-label");
    slider.querySelectorAll(parts).forEach((part) => {
      if (label && part.getAttribute("aria-label") !== label.textContent)
        part.setAttribute("aria-label", label.textContent);
    });
  });
  name();
  if (window.bmkitNames) return;
  window.bmkitNames = new MutationObserver(name);
  window.bmkitNames.observe(document.body, {childList: true, subtree: true});
})();
</script>"""


def explore(draw: Callable[..., Figure], *, alt: Alt, **controls: Control) -> None:
    """Show ``draw(**values)`` and controls that redraw it.

    The first picture is an ordinary output, so it is there on paper, on the web and in
    reports; the controls update that same output. No Output widget is used, because
    papermill can hang on one.

    Args:
        draw: takes one keyword per control, returns a matplotlib figure.
        alt: what the picture shows at first, for whoever cannot see it; or a function
            of the controls' values that says it for any of them. When a control was
            moved, its value and the titles in the figure are told, too.
        **controls: ``name=(low, high, step)`` or ``(low, high, step, start)`` for a
            slider, ``name=[...]`` for a choice, whose first entry is the start.

    Raises:
        TypeError: a control is neither a tuple of 3 or 4 numbers nor a list.
    """
    import ipywidgets
    from IPython.display import display

    widgets = {name: _widget(name, spec) for name, spec in controls.items()}

    def values() -> dict[str, Any]:
        return {name: widget.value for name, widget in widgets.items()}

    first = values()

    def picture() -> tuple[MimeBundle, Metadata]:
        now = values()
        fig = draw(**now)
        return bundle(fig, _described(fig, alt, now, moved=now != first))

    def redraw(_change: object) -> None:
        data, metadata = picture()
        handle.update(data, metadata=metadata, raw=True)

    wrapping = ipywidgets.Layout(flex_flow="row wrap")
    display(ipywidgets.Box(list(widgets.values()), layout=wrapping))
    data, metadata = picture()
    data["text/html"] += NAMES
    handle = display(data, metadata=metadata, raw=True, display_id=True)
    for widget in widgets.values():
        widget.observe(redraw, names="value")


def _described(fig: Figure, alt: Alt, now: dict[str, Any], *, moved: bool) -> str:
    """What the picture shows now."""
    if callable(alt):
        return alt(**now)
    if not moved:
        return alt
    told = [f"{name} = {_number(value)}" for name, value in now.items()]
    titles = [fig.get_suptitle(), *(axes.get_title() for axes in fig.axes)]
    told += filter(None, dict.fromkeys(titles))
    return say("explore.moved", now="; ".join(told), alt=alt)


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _widget(name: str, spec: Control) -> Widget:
    import ipywidgets

    # A label is as wide as its words, and nothing is wider than a narrow page.
    look: dict[str, Any] = {
        "description": name.replace("_", " "),
        "style": {"description_width": "initial"},
        "layout": ipywidgets.Layout(max_width="100%"),
    }
    if isinstance(spec, list):
        return ipywidgets.Dropdown(options=spec, value=spec[0], **look)
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
        continuous_update=False,
        readout_format="d" if whole else ".3g",
        **look,
    )
