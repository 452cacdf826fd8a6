"""GPT against PyTorch's own modules on the same weights, and what it promises."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bmkit.models import GPT

SIZE = {"d_model": 24, "n_heads": 3, "n_layers": 2}


def model(dropout=0.0, vocab_size=11, context_length=9):
    torch.manual_seed(0)
    return GPT(vocab_size, context_length, dropout=dropout, **SIZE).double()


def draws(*shape, seed=1, high=11):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randint(high, shape, generator=numbers)


def block_by_pytorch(block):
    """`nn.TransformerEncoderLayer` with a block's weights, and the other way round."""
    layer = nn.TransformerEncoderLayer(
        24, 3, 96, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.float64
    )
    ours = {
        "self_attn.in_proj_weight": block.attention.qkv.weight,
        "self_attn.in_proj_bias": block.attention.qkv.bias,
        "self_attn.out_proj.weight": block.attention.proj.weight,
        "self_attn.out_proj.bias": block.attention.proj.bias,
        "linear1.weight": block.fc.weight,
        "linear1.bias": block.fc.bias,
        "linear2.weight": block.proj.weight,
        "linear2.bias": block.proj.bias,
        "norm1.weight": block.norm1.weight,
        "norm1.bias": block.norm1.bias,
        "norm2.weight": block.norm2.weight,
        "norm2.bias": block.norm2.bias,
    }
    layer.load_state_dict({name: value.detach() for name, value in ours.items()})
    return layer, ours


def test_a_block_is_pytorchs_layer_forward_and_backward():
    block = model().blocks[0]
    layer, ours = block_by_pytorch(block)
    x = torch.randn(2, 7, 24, dtype=torch.float64)
    mask = nn.Transformer.generate_square_subsequent_mask(7, dtype=torch.float64)
    got, want = block(x), layer(x, src_mask=mask, is_causal=True)
    torch.testing.assert_close(got, want)
    mixture = torch.randn_like(got)
    left = torch.autograd.grad((got * mixture).sum(), list(ours.values()))
    right = torch.autograd.grad(
        (want * mixture).sum(), [dict(layer.named_parameters())[n] for n in ours]
    )
    for a, b in zip(left, right, strict=True):
        torch.testing.assert_close(a, b)


def test_what_comes_later_changes_nothing_before():
    ids = draws(2, 9)
    other = ids.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 11
    a, b = model()(ids), model()(other)
    assert a.shape == (2, 9, 11)
    torch.testing.assert_close(a[:, :5], b[:, :5])
    assert not torch.allclose(a[:, 5:], b[:, 5:])


def test_it_starts_knowing_nothing_and_learns_by_heart():
    ids = draws(4, 9)
    ids[:, 0] = torch.arange(4)  # how each begins tells how it goes on
    gpt = model()
    x, y = ids[:, :-1], ids[:, 1:]
    loss = F.cross_entropy(gpt(x).flatten(0, 1), y.flatten())
    assert abs(loss.item() - torch.tensor(11.0).log().item()) < 0.1
    optimizer = torch.optim.AdamW(gpt.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        loss = F.cross_entropy(gpt(x).flatten(0, 1), y.flatten())
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    told = gpt.generate(ids[:, :1], 8, temperature=0)
    assert (told == ids).float().mean() > 0.9


def test_generating_draws_by_the_generator_given_and_slides_its_window():
    gpt, start = model(dropout=0.5), draws(2, 3)
    gpt.train()
    made = [
        gpt.generate(start, 20, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    assert made[0].shape == (2, 23) and gpt.training
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert torch.equal(made[0][:, :3], start)


def test_parameters_are_those_of_the_configuration():
    d, n_layers, vocab_size, context_length = 24, 2, 11, 9
    block = 12 * d * d + 13 * d
    want = n_layers * block + (vocab_size + context_length) * d + 2 * d
    assert sum(weight.numel() for weight in model().parameters()) == want


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: GPT(5, 4, d_model=10, n_heads=3), "10 is not divisible by n_heads 3"),
        (lambda: model()(draws(1, 10)), "10 tokens are longer than context_length 9"),
        (lambda: model().generate(draws(1, 2), 1, temperature=-1), "temperature is -1"),
    ],
)
def test_wrong_sizes_are_told(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
