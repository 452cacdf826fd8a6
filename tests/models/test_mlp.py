"""The MLP against nn.Sequential, forward and backward, and against plain loops."""

import itertools
import math

import pytest
import torch
from torch import nn

from bmkit.models import MLP

SIZES = [5, 7, 6, 3]


def draw(*shape, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=numbers, dtype=torch.float64)


def sequential(sizes, activation):
    layers = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers[:-1])


def test_one_example_by_hand():
    torch.manual_seed(0)
    model = MLP([2, 3, 1], torch.tanh).double()
    x = [0.5, -2.0]
    first, last = model.layers
    hidden = [
        math.tanh(sum(w * v for w, v in zip(row, x, strict=True)) + b)
        for row, b in zip(first.weight.tolist(), first.bias.tolist(), strict=True)
    ]
    want = last.bias.item() + sum(
        w * h for w, h in zip(last.weight[0].tolist(), hidden, strict=True)
    )
    got = model(torch.tensor(x, dtype=torch.float64))
    assert got.shape == (1,)
    assert got.item() == pytest.approx(want)


@pytest.mark.parametrize(
    ("activation", "module"),
    [(torch.relu, nn.ReLU), (torch.tanh, nn.Tanh), (nn.GELU(), nn.GELU)],
)
def test_the_same_seed_gives_pytorchs_network_forward_and_backward(activation, module):
    torch.manual_seed(3)
    ours = MLP(SIZES, activation).double()
    torch.manual_seed(3)
    theirs = sequential(SIZES, module).double()
    x = draw(4, 5).requires_grad_()
    mixture = draw(4, 3, seed=1)
    mine, right = ours(x), theirs(x)
    torch.testing.assert_close(mine, right, rtol=0, atol=0)
    for a, b in zip(
        torch.autograd.grad((mine * mixture).sum(), [x, *ours.parameters()]),
        torch.autograd.grad((right * mixture).sum(), [x, *theirs.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_relu_is_what_stands_between_layers_unless_told_otherwise():
    torch.manual_seed(3)
    plain = MLP(SIZES)
    torch.manual_seed(3)
    theirs = sequential(SIZES, nn.ReLU)
    x = draw(4, 5).float()
    torch.testing.assert_close(plain(x), theirs(x))


def test_hidden_layers_are_those_that_the_output_is_made_of():
    model = MLP(SIZES, torch.sigmoid).double()
    x = draw(2, 4, 5)
    hidden = model.hidden(x)
    assert [tuple(h.shape) for h in hidden] == [(2, 4, 7), (2, 4, 6)]
    torch.testing.assert_close(model.layers[-1](hidden[-1]), model(x))


def test_two_sizes_are_one_linear_layer():
    model = MLP([4, 2])
    assert model.hidden(torch.ones(1, 4)) == []
    x = torch.randn(3, 4)
    torch.testing.assert_close(model(x), model.layers[0](x))
    assert sum(p.numel() for p in model.parameters()) == 10


@pytest.mark.parametrize("sizes", [[], [3], [3, 0, 2]])
def test_sizes_are_checked(sizes):
    with pytest.raises(ValueError, match="two or more"):
        MLP(sizes)
