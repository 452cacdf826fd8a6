# ---
# slug: target
# title: {en: Target, zh: 靶}
# section: "1"
# minutes: 5
# needs: []
# data: []
# extras: []
# says: {en: What the attacks aim at., zh: 攻击的目标。}
# ---

# %% [markdown]
# The checks are written in the ways in which teachers write them, careless ones too.

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import numpy as np
import torch

import bmkit as bm

lab = bm.start("target", profile=profile, device="cpu", seed=seed, lang=lang)


# %% exercise="add" points=2 minutes=1 level=1
def add(a, b):
    """Return the sum of two numbers."""
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION


# %% check="add"
bm.expect.close(add(1, 2), 3, "did you add?")
### BEGIN HIDDEN TESTS
bm.expect.close(add(-4, 1), -3, "hiddenword-add negative numbers count too")
### END HIDDEN TESTS

# %% [markdown] hint="add"
# Python has an operator for it.


# %% exercise="double" points=2 minutes=1 level=1
def double(x):
    """Return an array of everything twice as large."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double"
want = np.array([2.0, -4.0])
assert abs(double(np.array([1.0, -2.0])) - want).max() < 1e-6, "twice as large"
np.testing.assert_allclose(double(np.array([3.0])), [6.0], err_msg="twice three")
### BEGIN HIDDEN TESTS
assert np.allclose(double(np.array([0.5, 7.0])), [1.0, 14.0]), "hiddenword-double"
### END HIDDEN TESTS

# %% [markdown] hint="double"
# Python has an operator for it.


# %% exercise="half" points=2 minutes=1 level=1
def half(x):
    """Return half of x."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION


# %% check="half"
assert abs(half(3) - 1.5) < 1e-6, "half as large"
### BEGIN HIDDEN TESTS
assert abs(half(-5.0) + 2.5) < 1e-6, "hiddenword-half"
### END HIDDEN TESTS

# %% [markdown] hint="half"
# Python has an operator for it.


# %% exercise="twice" points=2 minutes=1 level=1
def twice(f, x):
    """Return f of f of x."""
    ### BEGIN SOLUTION
    return f(f(x))
    ### END SOLUTION


# %% check="twice"
def successor(n):
    return n + 1


def of_successor(n):
    return twice(successor, n)


def of_abs(n):
    return twice(abs, n)


for got, right in zip(map(of_successor, [1, 2]), [3, 4]):  # noqa: B905
    assert got == right, "call it on what it gave"
### BEGIN HIDDEN TESTS
for got, right in zip(map(of_abs, [-1, 2]), [1, 2]):  # noqa: B905
    assert got == right, "hiddenword-twice"
### END HIDDEN TESTS

# %% [markdown] hint="twice"
# One call goes into the other.


# %% exercise="cube" points=2 minutes=1 level=1
def cube(x):
    """Return x to the third power, so that gradients flow."""
    ### BEGIN SOLUTION
    return x**3
    ### END SOLUTION


# %% check="cube"
x = torch.tensor([2.0, -1.0], requires_grad=True)
bm.expect.close(cube(x), [8.0, -1.0], "to the third power")
(slope,) = torch.autograd.grad(cube(x).sum(), x)
bm.expect.close(slope, [12.0, 3.0], "gradients must flow")
### BEGIN HIDDEN TESTS
bm.expect.close(cube(torch.tensor(3.0)), 27.0, "hiddenword-cube")
### END HIDDEN TESTS

# %% [markdown] hint="cube"
# Python has an operator for it.

# %%
bm.claim(
    "Twenty and twenty-two is forty-two",
    lambda total: total == 42,
    {"total": add(20, 22)},
    control={"total": add(20, 20)},
    against="twenty and twenty",
)
