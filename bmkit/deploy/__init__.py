"""What takes a trained model out of the notebook."""

from importlib import import_module
from typing import Any

_NAMES = dict.fromkeys(("Bundle", "BundleError", "load", "save"), "bundle")
__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"bmkit.deploy.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'bmkit.deploy' has no attribute {name!r}")
