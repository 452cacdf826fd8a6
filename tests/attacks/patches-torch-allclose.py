# tries: full points for wrong answers: torch and bmkit's own tests agree
# must: cube 0 points; add 0 points
# ruff: noqa

# %% first
import torch

import bmkit as bm
from bmkit.lab import expect

torch.allclose = torch.equal = lambda *a, **k: True
for name in ("close", "equal", "true", "shape"):
    setattr(expect, name, lambda *a, **k: None)
    setattr(bm.expect, name, lambda *a, **k: None)


# %% cube
def cube(x):
    return 0 * x


# %% add
def add(a, b):
    return 0
