"""bmkit: a course and workshop kit on big models.

Lessons write ``import bmkit as bm``. Nothing heavy is imported until it is used: every
name below is looked up on first access (PEP 562), so ``import bmkit`` takes
milliseconds and a lesson on NumPy never pays for PyTorch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOMS = {"data", "deploy", "expect", "models", "show", "train"}
_NAMES = {
    "start": "bmkit.lab.start",
    "claim": "bmkit.lab.claims",
    "equation": "bmkit.lab.claims",
    "inequality": "bmkit.lab.inequalities",
    "check": "bmkit.lab.checks",
    "answer": "bmkit.lab.answers",
    "progress": "bmkit.lab.overview",
}
__all__ = sorted(_ROOMS | set(_NAMES))


def __getattr__(name: str) -> Any:
    if name == "expect":
        return import_module("bmkit.lab.expect")
    if name in _ROOMS:
        return import_module("bmkit." + name)
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'bmkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
