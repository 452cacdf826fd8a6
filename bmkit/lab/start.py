"""`bm.start`: one line that makes a lesson repeatable and fits it to the machine."""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass
from typing import TypeVar

from bmkit.lab.words import say
from bmkit.language import speak

PROFILES = ("ci", "workshop", "full")
DEVICES = ("auto", "cpu", "cuda")
FIXED = "BMKIT_SETTINGS"  # the profile and the device where a grader has fixed them
T = TypeVar("T")


@dataclass(frozen=True)
class Lab:
    """How this lesson runs here.

    Attributes:
        slug: the lesson's name for good.
        profile: ``ci`` (stand-in data, under a minute), ``workshop`` (real data, a
            laptop) or ``full`` (what a GPU is for).
        device: ``"cpu"`` or ``"cuda"``, what ``auto`` came to.
        seed: the seed of Python's, NumPy's, PyTorch's and TensorFlow's generators.
        lang: ``"en"`` or ``"zh"``.
    """

    slug: str
    profile: str
    device: str
    seed: int
    lang: str

    def pick(self, *, ci: T, workshop: T, full: T) -> T:
        """Return the value that belongs to this run's profile."""
        return {"ci": ci, "workshop": workshop, "full": full}[self.profile]

    def __str__(self) -> str:
        return f"{self.slug} · {self.profile} · {self.device} · seed {self.seed}"


def start(
    slug: str,
    *,
    profile: str = "workshop",
    device: str = "auto",
    seed: int = 0,
    lang: str = "en",
) -> Lab:
    """Seed every generator, choose the device, set the plots' style, greet.

    Only frameworks that the notebook has imported already are touched, so import them
    first.

    Args:
        slug: the lesson's name.
        profile: ``"ci"``, ``"workshop"`` or ``"full"``.
        device: ``"cpu"``, ``"cuda"`` or ``"auto"`` (a GPU where there is one).
        seed: any non-negative integer.
        lang: ``"en"`` or ``"zh"``.

    Raises:
        ValueError: a parameter has a value that is not listed above, or ``"cuda"`` was
            asked for and PyTorch finds no GPU.
    """
    speak(lang)
    fixed = os.environ.get(FIXED, "").split()
    profile, device = fixed if len(fixed) == 2 else (profile, device)
    for name, value, choices in (
        ("profile", profile, PROFILES),
        ("device", device, DEVICES),
    ):
        if value not in choices:
            named = ", ".join(choices)
            raise ValueError(say("start.choice", name=name, value=value, choices=named))
    lab = Lab(slug, profile, _resolve(device), seed, lang)
    _seed(seed)
    if "matplotlib" in sys.modules:
        from bmkit.show.style import use

        use()
    from bmkit.lab import checks, hooks

    checks.open_lesson(lab)
    hooks.follow()
    print(lab)
    return lab


def _resolve(device: str) -> str:
    if device == "cpu":
        if "tensorflow" in sys.modules:
            sys.modules["tensorflow"].config.set_visible_devices([], "GPU")
        return "cpu"
    found = False
    if "torch" in sys.modules or "tensorflow" not in sys.modules:
        import torch

        found = torch.cuda.is_available()
    elif sys.modules["tensorflow"].config.list_physical_devices("GPU"):
        found = True
    if device == "cuda" and not found:
        raise ValueError(say("start.gpu"))
    return "cuda" if found else "cpu"


def _seed(seed: int) -> None:
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)  # for processes the lesson starts
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(seed)
