# tries: full points with gradients that nothing was computed for
# must: cube 0 points; add 2 points; nobody
# ruff: noqa

# %% first
import torch

real = torch.autograd.grad


def grad(outputs, inputs, *args, **kwargs):
    return [torch.full_like(one, 12.0) for one in inputs]


torch.autograd.grad = grad


# %% cube
def cube(x):
    return (x**3).detach() + 0 * x
