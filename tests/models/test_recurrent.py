"""RNN, LSTM and GRU against PyTorch's own, forward and backward."""

import pytest
import torch
from torch import nn

from bmkit.models import GRU, LSTM, RNN

PAIRS = [(RNN, nn.RNN), (LSTM, nn.LSTM), (GRU, nn.GRU)]


def draw(*shape, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=numbers, dtype=torch.float64)


def twins(ours, theirs, inputs=3, hidden=5):
    """Ours and PyTorch's with the same weights."""
    torch.manual_seed(0)
    theirs = theirs(inputs, hidden, batch_first=True, dtype=torch.float64)
    ours = ours(inputs, hidden).double()
    state = theirs.state_dict()
    ours.load_state_dict({k.removesuffix("_l0"): w for k, w in state.items()})
    return ours, theirs


def flat(state):
    """A state's tensors, (batch, hidden) each; PyTorch's have one more axis."""
    parts = state if isinstance(state, tuple) else (state,)
    return [part.reshape(part.shape[-2:]) for part in parts]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("n", [1, 7])
def test_it_equals_pytorchs_forward_and_backward(ours, theirs, n):
    mine, right = twins(ours, theirs)
    x = draw(4, n, 3).requires_grad_()
    results = []
    for model in (mine, right):
        states, last = model(x)
        assert states.shape == (4, n, 5)
        mixed = (states * draw(4, n, 5, seed=9)).sum()
        mixed = mixed + sum((part * draw(4, 5, seed=8)).sum() for part in flat(last))
        grads = torch.autograd.grad(mixed, [x, *model.parameters()])
        results.append([states, *flat(last), *grads])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_names_order_and_start_are_those_of_pytorchs(ours, theirs):
    mine, right = ours(3, 64), theirs(3, 64)
    names = [name.removesuffix("_l0") for name, _ in right.named_parameters()]
    assert [name for name, _ in mine.named_parameters()] == names
    for a, b in zip(mine.parameters(), right.parameters(), strict=True):
        assert a.shape == b.shape
        assert a.abs().max() <= 1 / 8
        assert a.std().item() == pytest.approx(b.std().item(), rel=0.25)


@pytest.mark.parametrize("ours", [RNN, LSTM, GRU])
def test_a_sequence_may_be_read_in_two_parts(ours):
    model, x = ours(3, 5).double(), draw(4, 9, 3)
    whole, end = model(x)
    first, middle = model(x[:, :4])
    second, last = model(x[:, 4:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    for a, b in zip(flat(last), flat(end), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("ours", [RNN, LSTM, GRU])
def test_the_last_state_is_what_the_last_step_shows(ours):
    states, last = ours(3, 5)(torch.randn(4, 6, 3))
    torch.testing.assert_close(states[:, -1], flat(last)[0])


@pytest.mark.parametrize("ours", [RNN, LSTM, GRU])
def test_the_past_does_not_know_the_future(ours):
    model, x = ours(3, 5), torch.randn(2, 6, 3)
    other = x.clone()
    other[:, 4:] += 1
    before, after = model(x)[0], model(other)[0]
    torch.testing.assert_close(before[:, :4], after[:, :4], rtol=0, atol=0)
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_a_forget_bias_lets_the_cell_keep_what_it_holds():
    torch.manual_seed(0)
    plain = LSTM(3, 5)
    torch.manual_seed(0)
    keeps = LSTM(3, 5, forget_bias=4.0)
    torch.testing.assert_close(keeps.bias_hh[5:10], plain.bias_hh[5:10] + 4)
    torch.testing.assert_close(keeps.bias_hh[:5], plain.bias_hh[:5])
    state = torch.zeros(1, 5), torch.ones(1, 5)
    left = [
        model(torch.zeros(1, 30, 3), state)[1][1].mean() for model in (plain, keeps)
    ]
    assert left[1] > 0.3 > left[0]


@pytest.mark.parametrize("ours", [RNN, LSTM, GRU])
def test_sizes_that_make_no_sense_are_refused(ours):
    for sizes in ((0, 5), (3, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            ours(*sizes)
    model = ours(3, 5)
    for shape in ((4, 3), (4, 0, 3), (4, 6, 2)):
        with pytest.raises(ValueError, match=r"give \(batch, n, 3\)"):
            model(torch.zeros(shape))
