"""The Transformer against PyTorch's own layers, forward and backward, and its masks."""

import math

import pytest
import torch
from torch import nn

from bmkit.models import Transformer, TransformerDecoder, TransformerEncoder
from bmkit.models.positions import sinusoidal_positions
from bmkit.models.transformer_layers import DecoderLayer, EncoderLayer

BOTH = pytest.mark.parametrize("norm_first", [True, False], ids=["pre", "post"])


def draw(*shape, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=numbers, dtype=torch.float64)


def stir(module):
    """Norms and biases that are not just ones and zeros."""
    with torch.no_grad():
        for i, p in enumerate(module.parameters()):
            if p.dim() == 1:
                p.add_(0.3 * draw(*p.shape, seed=i))
    return module


def attention(ours, theirs):
    """Pairs of our parameters, concatenated, and theirs."""
    parts = (ours.query, ours.key, ours.value)
    yield [part.weight for part in parts], theirs.in_proj_weight
    yield [part.bias for part in parts], theirs.in_proj_bias
    yield from whole(ours.out_proj, theirs.out_proj)


def whole(ours, theirs):
    for mine, right in zip(ours.parameters(), theirs.parameters(), strict=True):
        yield [mine], right


def encoder_pairs(ours, theirs):
    yield from attention(ours.attention, theirs.self_attn)
    yield from whole(ours.feed_forward.fc, theirs.linear1)
    yield from whole(ours.feed_forward.proj, theirs.linear2)
    yield from whole(ours.norm1, theirs.norm1)
    yield from whole(ours.norm2, theirs.norm2)


def decoder_pairs(ours, theirs):
    yield from encoder_pairs(ours, theirs)
    yield from attention(ours.cross_attention, theirs.multihead_attn)
    yield from whole(ours.norm3, theirs.norm3)


def copy(pairs):
    with torch.no_grad():
        for mine, right in pairs:
            rows = right.split([len(p) for p in mine])
            for p, row in zip(mine, rows, strict=True):
                p.copy_(row)


def agree(y, right, inputs, pairs):
    """The outputs are equal, and the gradients of inputs and of all parameters."""
    torch.testing.assert_close(y, right)
    mine, theirs = zip(*pairs, strict=True)
    flat = [p for group in mine for p in group]
    mix = draw(*y.shape, seed=9)
    got = torch.autograd.grad((y * mix).sum(), (*inputs, *flat))
    want = torch.autograd.grad((right * mix).sum(), (*inputs, *theirs))
    split = iter(got[len(inputs) :])
    merged = [torch.cat([next(split) for _ in group]) for group in mine]
    for a, b in zip((*got[: len(inputs)], *merged), want, strict=True):
        torch.testing.assert_close(a, b)


@BOTH
@pytest.mark.parametrize("padded", [False, True])
def test_an_encoders_layer_equals_pytorchs_forward_and_backward(norm_first, padded):
    theirs = stir(
        nn.TransformerEncoderLayer(
            8, 2, 20, 0.0, batch_first=True, norm_first=norm_first, dtype=torch.float64
        )
    )
    ours = EncoderLayer(8, 2, d_ff=20, norm_first=norm_first).double()
    pairs = list(encoder_pairs(ours, theirs))
    copy(pairs)
    assert sum(len(mine) for mine, _ in pairs) == len(list(ours.parameters()))
    x = draw(2, 5, 8).requires_grad_()
    real = torch.arange(5) < torch.tensor([[5], [3]]) if padded else None
    y = ours(x, None if real is None else real[:, None, None, :])
    right = theirs(x, src_key_padding_mask=None if real is None else ~real)
    if padded:  # what stands at padding means nothing
        y, right = y[real], right[real]
    agree(y, right, [x], pairs)


@BOTH
def test_a_decoders_layer_equals_pytorchs_forward_and_backward(norm_first):
    theirs = stir(
        nn.TransformerDecoderLayer(
            8, 2, 20, 0.0, batch_first=True, norm_first=norm_first, dtype=torch.float64
        )
    )
    ours = DecoderLayer(8, 2, d_ff=20, norm_first=norm_first).double()
    pairs = list(decoder_pairs(ours, theirs))
    copy(pairs)
    assert sum(len(mine) for mine, _ in pairs) == len(list(ours.parameters()))
    x, context = draw(2, 4, 8).requires_grad_(), draw(2, 6, 8, seed=1).requires_grad_()
    causal = torch.ones(4, 4, dtype=torch.bool).tril()
    real = torch.arange(6) < torch.tensor([[6], [4]])
    y = ours(x, context, causal, real[:, None, None, :])
    right = theirs(
        x, context, tgt_mask=~causal, memory_key_padding_mask=~real, tgt_is_causal=False
    )
    agree(y, right, [x, context], pairs)


@BOTH
def test_stacks_equal_pytorchs(norm_first):
    torch.manual_seed(0)
    kind = {"batch_first": True, "norm_first": norm_first, "dtype": torch.float64}
    last = (lambda: stir(nn.LayerNorm(8).double())) if norm_first else (lambda: None)
    coder = stir(nn.TransformerEncoderLayer(8, 2, 32, 0.0, **kind))
    writer = stir(nn.TransformerDecoderLayer(8, 2, 32, 0.0, **kind))
    their_encoder = nn.TransformerEncoder(coder, 3, last(), enable_nested_tensor=False)
    their_decoder = nn.TransformerDecoder(writer, 3, last())
    encoder = TransformerEncoder(8, 2, 3, norm_first=norm_first).double()
    decoder = TransformerDecoder(8, 2, 3, norm_first=norm_first).double()
    for ours, theirs, pairs in (
        (encoder, their_encoder, encoder_pairs),
        (decoder, their_decoder, decoder_pairs),
    ):
        for mine, right in zip(ours.layers, theirs.layers, strict=True):
            copy(pairs(mine, right))
        if norm_first:
            ours.norm.load_state_dict(theirs.norm.state_dict())
    x, y = draw(2, 6, 8), draw(2, 5, 8, seed=1)
    real = torch.arange(6) < torch.tensor([[6], [4]])
    written = torch.arange(5) < torch.tensor([[3], [5]])
    context = encoder(x, real)
    right = their_encoder(x, src_key_padding_mask=~real)
    torch.testing.assert_close(context[real], right[real])
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    torch.testing.assert_close(
        decoder(y, context, written, real),
        their_decoder(
            y,
            context,
            tgt_mask=~causal,
            tgt_key_padding_mask=~written,
            memory_key_padding_mask=~real,
        ),
    )


def small(**options):
    torch.manual_seed(0)
    model = Transformer(
        11, 13, d_model=8, n_heads=2, n_layers=2, dropout=0.0, **options
    )
    return model.double().eval()


@BOTH
def test_later_tokens_change_nothing_earlier(norm_first):
    model = small(norm_first=norm_first)
    source = torch.tensor([[1, 2, 3]])
    target = torch.tensor([[0, 4, 5, 6]])
    y = model(source, target)
    assert y.shape == (1, 4, 13)
    for t in range(1, 4):
        changed = target.clone()
        changed[0, t:] = 9
        z = model(source, changed)
        assert torch.equal(z[:, :t], y[:, :t])
        assert not torch.allclose(z[:, t], y[:, t])
        torch.testing.assert_close(model(source, target[:, :t]), y[:, :t])


def test_padding_changes_nothing():
    model = small()
    source, target = torch.tensor([[1, 2, 3]]), torch.tensor([[0, 4]])
    y = model(source, target)
    for filler in (0, 7):
        padded = torch.tensor([[1, 2, 3, filler, filler]])
        longer = torch.tensor([[0, 4, filler]])
        z = model(padded, longer, padded.new_ones(1, 5).cumsum(1) <= 3, longer < 7)
        torch.testing.assert_close(z[:, :2], y)
    assert not torch.allclose(model(padded, target), y)


def test_the_source_matters_and_so_does_its_order():
    model = small()
    target = torch.tensor([[0, 4, 5]])
    y = model(torch.tensor([[1, 2, 3]]), target)
    assert not torch.allclose(model(torch.tensor([[1, 2, 4]]), target), y)
    assert not torch.allclose(model(torch.tensor([[3, 2, 1]]), target), y)


def test_encode_then_decode_is_one_call():
    model = small()
    source, target = torch.tensor([[1, 2, 3]]), torch.tensor([[0, 4]])
    real = torch.tensor([[True, True, False]])
    context = model.encode(source, real)
    y = model.decode(target, context, None, real)
    assert torch.equal(y, model(source, target, real))


def test_every_parameter_gets_a_gradient():
    model = small()
    model(torch.tensor([[1, 2]]), torch.tensor([[0, 4]])).square().sum().backward()
    # A key's bias shifts all scores of a query alike, and softmax does not notice.
    dead = [n for n, p in model.named_parameters() if not p.grad.abs().max() > 1e-14]
    assert all(name.endswith("key.bias") for name in dead)


def test_positions_are_sines_and_cosines():
    p = sinusoidal_positions(50, 8, dtype=torch.float64)
    assert p.shape == (50, 8)
    for t, i in ((0, 0), (1, 0), (7, 1), (49, 3)):
        angle = t / 10_000 ** (2 * i / 8)
        assert float(p[t, 2 * i]) == pytest.approx(math.sin(angle), abs=1e-12)
        assert float(p[t, 2 * i + 1]) == pytest.approx(math.cos(angle), abs=1e-12)
    assert sinusoidal_positions(3, 2).dtype == torch.get_default_dtype()
    far = sinusoidal_positions(70_000, 4, dtype=torch.bfloat16)[-1].double()
    near = sinusoidal_positions(70_000, 4, dtype=torch.float64)[-1]
    torch.testing.assert_close(far, near, atol=1e-2, rtol=0)


def test_dropout_acts_in_training_alone():
    model = Transformer(5, 5, d_model=8, n_heads=2, n_layers=1, dropout=0.5)
    source = target = torch.tensor([[0, 1, 2]])
    assert not torch.equal(model(source, target), model(source, target))
    model.eval()
    assert torch.equal(model(source, target), model(source, target))


def test_post_norm_has_no_last_norm_and_pre_norm_has_one():
    assert isinstance(TransformerEncoder(8, 2, 1).norm, nn.LayerNorm)
    assert isinstance(TransformerDecoder(8, 2, 1, norm_first=False).norm, nn.Identity)


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="not divisible"):
        TransformerEncoder(8, 3, 1)
    with pytest.raises(ValueError, match="at least 1"):
        TransformerDecoder(8, 2, 0)
    with pytest.raises(ValueError, match="pairs"):
        Transformer(5, 5, d_model=9, n_heads=3)


def test_masks_of_another_shape_or_type_are_refused():
    encoder, x = TransformerEncoder(8, 2, 1), torch.zeros(2, 3, 8)
    with pytest.raises(ValueError, match="attention mask has shape"):
        encoder(x, torch.ones(3, 3, dtype=torch.bool))
    with pytest.raises(TypeError, match="True where a token is real"):
        encoder(x, torch.ones(2, 3))
    with pytest.raises(TypeError, match="booleans"):
        EncoderLayer(8, 2)(x, torch.ones(3, 3))
