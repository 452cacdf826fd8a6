"""Training: optimizers and the loop. Nothing here knows a model or a data set."""

from importlib import import_module
from typing import Any

_NAMES = {
    **dict.fromkeys(("SGD", "RMSprop", "Adam", "AdamW"), "optimizers"),
    **dict.fromkeys(("Batches", "accuracy", "evaluate", "fit", "predict"), "loop"),
}
__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"bmkit.train.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'bmkit.train' has no attribute {name!r}")
