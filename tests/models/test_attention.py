"""Attention against PyTorch's own, forward and backward, and against plain loops."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bmkit.models import MultiHeadAttention, scaled_dot_product_attention


def draw(*shape, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=numbers, dtype=torch.float64)


def grads(output, *inputs):
    """Gradients of one random mixture of the outputs."""
    return torch.autograd.grad((output * draw(*output.shape, seed=9)).sum(), inputs)


def twins(d_model, n_heads):
    """Ours and PyTorch's with the same weights."""
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(
        d_model, n_heads, batch_first=True, dtype=torch.float64
    )
    nn.init.normal_(theirs.in_proj_bias)
    ours = MultiHeadAttention(d_model, n_heads).double()
    with torch.no_grad():
        parts = zip(
            (ours.query, ours.key, ours.value),
            theirs.in_proj_weight.chunk(3),
            theirs.in_proj_bias.chunk(3),
            strict=True,
        )
        for layer, weight, bias in parts:
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        ours.out_proj.load_state_dict(theirs.out_proj.state_dict())
    return ours, theirs


def test_one_query_by_hand():
    q, k, v = draw(1, 3), draw(4, 3, seed=1), draw(4, 2, seed=2)
    fits = [
        math.exp(sum(float(q[0, c] * k[j, c]) for c in range(3)) / math.sqrt(3))
        for j in range(4)
    ]
    want = [
        sum(fits[j] * float(v[j, c]) for j in range(4)) / sum(fits) for c in range(2)
    ]
    output, weights = scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(output[0], torch.tensor(want, dtype=torch.float64))
    torch.testing.assert_close(
        weights[0], torch.tensor(fits, dtype=torch.float64) / sum(fits)
    )


@pytest.mark.parametrize("masked", [False, True])
def test_it_equals_pytorchs_function_forward_and_backward(masked):
    q, k, v = (draw(2, 3, n, 4, seed=n).requires_grad_() for n in (5, 6, 7))
    k, v = k[..., :6, :], v[..., :6, :]
    mask = draw(5, 6) > -0.5 if masked else None
    ours, weights = scaled_dot_product_attention(q, k, v, mask)
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
    for mine, right in zip(grads(ours, q, k, v), grads(theirs, q, k, v), strict=True):
        torch.testing.assert_close(mine, right)


def test_a_query_that_may_look_nowhere_gets_zeros_and_finite_gradients():
    q, k, v = (draw(3, 4, seed=i).requires_grad_() for i in range(3))
    mask = torch.tensor([[True, False, True], [False] * 3, [True] * 3])
    output, weights = scaled_dot_product_attention(q, k, v, mask)
    assert not output[1].any()
    assert not weights[1].any()
    assert weights[0, 1] == 0
    gradients = grads(output, q, k, v)
    assert all(g.isfinite().all() for g in gradients)
    assert not gradients[0][1].any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_heads_equal_pytorchs_module_forward_and_backward(heads, causal):
    ours, theirs = twins(8, heads)
    x = draw(3, 5, 8).requires_grad_()
    look = torch.ones(5, 5, dtype=torch.bool).tril() if causal else None
    forbid = None if look is None else ~look
    mine = ours(x, mask=look)
    right, weights = theirs(x, x, x, attn_mask=forbid, average_attn_weights=False)
    torch.testing.assert_close(mine, right)
    torch.testing.assert_close(ours.weights(x, mask=look), weights)
    names = (x, ours.query.weight, ours.key.weight, ours.value.weight)
    gx, *gw = grads(mine, *names)
    hx, hw = grads(right, x, theirs.in_proj_weight)
    torch.testing.assert_close(gx, hx)
    torch.testing.assert_close(torch.cat(gw), hw)


def test_places_can_look_at_another_sequence_with_padding():
    ours, theirs = twins(8, 2)
    x, context = draw(2, 3, 8), draw(2, 6, 8, seed=1)
    real = torch.arange(6) < torch.tensor([[6], [4]])  # (batch, m)
    right, _ = theirs(x, context, context, key_padding_mask=~real)
    mine = ours(x, context, mask=real[:, None, None, :])
    torch.testing.assert_close(mine, right)
    changed = context.clone()
    changed[1, 4:] = 7.0  # padding: nobody looks there
    torch.testing.assert_close(ours(x, changed, mask=real[:, None, None, :]), mine)


def test_fast_path_and_readable_path_agree_where_nothing_may_be_seen():
    ours, _ = twins(8, 2)
    x = draw(1, 3, 8).requires_grad_()
    mask = torch.tensor([[True, False, True], [False] * 3, [True] * 3])
    y = ours(x, mask=mask)
    torch.testing.assert_close(y[0, 1], ours.out_proj.bias)
    assert grads(y, x)[0].isfinite().all()


def test_dropout_acts_in_training_alone():
    model = MultiHeadAttention(8, 2, dropout=0.5).double()
    x = draw(2, 5, 8)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


@pytest.mark.parametrize("heads", [0, 3])
def test_heads_must_share_evenly(heads):
    with pytest.raises(ValueError, match="not divisible"):
        MultiHeadAttention(8, heads)


def test_a_mask_of_numbers_is_refused():
    x = draw(1, 3, 8)
    with pytest.raises(TypeError, match="booleans"):
        MultiHeadAttention(8, 2).double()(x, mask=torch.ones(3, 3))
    with pytest.raises(TypeError, match="booleans"):
        scaled_dot_product_attention(x, x, x, torch.ones(3, 3))
