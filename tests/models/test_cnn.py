"""The CNN against PyTorch's own stack, forward and backward, and against a loop."""

import pytest
import torch
from torch import nn

from bmkit.models.cnn import CNN, output_size


def draw(*shape, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=numbers, dtype=torch.float64)


def twins():
    """Ours and the same stack in `nn.Sequential`, with the same weights."""
    torch.manual_seed(0)
    ours = CNN(
        12, 4, in_channels=2, filters=(3, 5), kernel_size=3, padding=1, hidden=(7,)
    )
    theirs = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 5, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(5 * 3 * 3, 7),
        nn.ReLU(),
        nn.Linear(7, 4),
    )
    weights = zip(theirs.parameters(), ours.parameters(), strict=True)
    with torch.no_grad():
        for right, mine in weights:
            right.copy_(mine)
    return ours.double(), theirs.double()


def test_it_equals_pytorchs_stack_forward_and_backward():
    ours, theirs = twins()
    x = draw(3, 2, 12, 12).requires_grad_()
    mine, right = ours(x), theirs(x)
    torch.testing.assert_close(mine, right)
    mixture = draw(3, 4, seed=1)
    got = torch.autograd.grad((mine * mixture).sum(), [x, *ours.parameters()])
    want = torch.autograd.grad((right * mixture).sum(), [x, *theirs.parameters()])
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b)


def test_maps_are_the_rectified_answers_of_each_stage():
    ours, theirs = twins()
    x = draw(2, 2, 12, 12)
    first, second = ours.feature_maps(x)
    torch.testing.assert_close(first, theirs[:2](x))
    torch.testing.assert_close(second, theirs[:5](x))
    assert first.shape == (2, 3, 12, 12)
    assert second.shape == (2, 5, 6, 6)


def test_one_map_by_hand():
    model = (
        CNN(4, 2, filters=(1,), kernel_size=3, hidden=()).double().requires_grad_(False)
    )
    x, kernel = draw(1, 1, 4, 4), model.convolutions[0]
    for i in range(2):
        for j in range(2):
            window = x[0, 0, i : i + 3, j : j + 3]
            z = float((window * kernel.weight[0, 0]).sum() + kernel.bias[0])
            assert float(model.feature_maps(x)[0][0, 0, i, j]) == pytest.approx(
                max(z, 0.0)
            )


def test_the_default_has_lenets_sizes():
    model = CNN(32, 10)
    assert sum(p.numel() for p in model.parameters()) == 61_706
    assert model(torch.zeros(5, 1, 32, 32)).shape == (5, 10)
    assert [
        tuple(h.shape[1:]) for h in model.feature_maps(torch.zeros(1, 1, 32, 32))
    ] == [
        (6, 28, 28),
        (16, 10, 10),
    ]


@pytest.mark.parametrize(("n", "kernel"), [(5, 3), (8, 2), (9, 9)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_output_size_counts_the_places(n, kernel, stride, padding):
    starts = range(-padding, n + padding - kernel + 1, stride)
    assert output_size(n, kernel, stride, padding) == len(starts)
    layer = nn.Conv1d(1, 1, kernel, stride, padding)
    assert layer(torch.zeros(1, 1, n)).shape[-1] == len(starts)


def test_no_stage_a_vanishing_picture_and_wrong_shapes_are_told():
    with pytest.raises(ValueError, match="not empty"):
        CNN(8, 10, filters=())
    with pytest.raises(ValueError, match="at least 1"):
        CNN(8, 0)
    with pytest.raises(ValueError, match="padding is -1"):
        CNN(8, 10, padding=-1)
    with pytest.raises(ValueError, match="8 × 8 vanish in 2 stages"):
        CNN(8, 10)
    model = CNN(8, 10, kernel_size=3, padding=1)
    with pytest.raises(ValueError, match=r"shape \(5, 8, 8\), not \(batch, 1, 8, 8\)"):
        model(torch.zeros(5, 8, 8))
    with pytest.raises(ValueError, match=r"\(1, 3, 8, 8\)"):
        model(torch.zeros(1, 3, 8, 8))
