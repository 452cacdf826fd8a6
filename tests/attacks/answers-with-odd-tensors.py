# tries: to crash the process that tests, with tensors of kinds that no comparison takes
# must: add 0 points; double 0 points; half 0 points; cube 0 points; twice 2 points
# ruff: noqa

# %% before add
import torch


class Mine(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)


# %% add
def add(a, b):
    return torch.quantize_per_tensor(torch.tensor([a + b * 1.0]), 0.1, 0, torch.qint8)


# %% double
def double(x):
    return torch.empty(x.shape, device="meta")


# %% half
def half(x):
    kinds = [
        lambda: torch.ones(2).to_sparse(),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        lambda: torch.zeros(2, dtype=torch.float8_e4m3fn),
        lambda: torch.zeros(2, dtype=torch.bits8),
        lambda: torch.zeros(2, dtype=torch.quint4x2),
    ]
    return [kind() for kind in kinds]


# %% cube
def cube(x):
    return torch.ones(2).as_subclass(Mine)
