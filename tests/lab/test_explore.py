"""Controls have labels and wrap; what is told of a picture follows them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

import bmkit as bm


class Shown:
    """What `display` was given, and what the last update brought."""

    def __init__(self) -> None:
        self.things: list = []
        self.alt = ""

    def __call__(self, thing, **_):
        self.things.append(thing)
        if isinstance(thing, dict):
            self.update(thing)
        return self

    def update(self, data, **_):
        self.alt = data["text/plain"]
        assert f'alt="{self.alt}"' in data["text/html"]

    def controls(self):
        return self.things[0].children


def draw(lr, start_at, kind):
    fig, ax = plt.subplots()
    ax.set_title(f"after 12 steps: {lr * start_at:.2f}")
    return fig


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr("IPython.display.display", shown)
    return shown


def test_what_is_told_of_a_picture_follows_the_controls(shown):
    bm.show.explore(
        draw,
        alt="A dot at 2.",
        lr=(0.0, 1.0, 0.1, 0.5),
        start_at=(0, 9, 1, 4),
        kind=["a"],
    )
    assert shown.alt == "A dot at 2."
    shown.controls()[0].value = 0.25
    assert shown.alt == (
        "Now: lr = 0.25; start_at = 4; kind = a; after 12 steps: 1.00. "
        "At first: A dot at 2."
    )
    shown.controls()[0].value = 0.5
    assert shown.alt == "A dot at 2."


def test_a_function_tells_it_for_any_values(shown):
    bm.show.explore(
        lambda n: draw(n, 1, ""), alt=lambda n: f"A dot at {n}.", n=(0, 9, 1)
    )
    shown.controls()[0].value = 3
    assert shown.alt == "A dot at 3."


def test_controls_have_labels_as_wide_as_their_words_and_wrap(shown):
    bm.show.explore(draw, alt="A dot.", lr=(0.0, 1.0, 0.1), start_at=[1, 2], kind=["a"])
    assert shown.things[0].layout.flex_flow == "row wrap"
    for control, label in zip(
        shown.controls(), ("lr", "start at", "kind"), strict=True
    ):
        assert control.description == label
        assert control.style.description_width == "initial"
        assert control.layout.max_width == "100%"
    assert "aria-label" in shown.things[1]["text/html"]
