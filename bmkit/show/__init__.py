"""Figures with alt text, sliders with a static picture, progress bars."""

from importlib import import_module
from typing import Any

_NAMES = {"figure": "figures", "explore": "explorer", "progress": "figures"}
__all__ = ["explore", "figure", "progress"]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"bmkit.show.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'bmkit.show' has no attribute {name!r}")
