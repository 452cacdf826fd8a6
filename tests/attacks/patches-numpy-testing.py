# tries: full points for wrong answers: `numpy.testing` and `numpy.allclose` agree
# must: double 0 points
# ruff: noqa

# %% double
def double(x):
    return x * 0


# %% first
import numpy as np

np.testing.assert_allclose = lambda *a, **k: None
np.allclose = lambda *a, **k: True
np.ndarray.max if hasattr(np.ndarray, "max") else None
