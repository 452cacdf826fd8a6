"""Each optimizer walks with its namesake of `torch.optim` for a hundred steps."""

import pytest
import torch

from bmkit.train import SGD, Adam, AdamW, RMSprop

PAIRS = [
    (SGD, torch.optim.SGD, {}),
    (SGD, torch.optim.SGD, {"momentum": 0.9}),
    (SGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (RMSprop, torch.optim.RMSprop, {"alpha": 0.95, "eps": 1e-6}),
    (Adam, torch.optim.Adam, {"betas": (0.8, 0.99), "eps": 1e-6}),
    (AdamW, torch.optim.AdamW, {"betas": (0.8, 0.99), "eps": 1e-6}),
]


def weights(seed=0):
    """Three parameters in double precision: a matrix, a vector, a number."""
    draw = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_()
        for shape in ((4, 3), (5,), ())
    ]


def loss(params, t):
    """Not quadratic, another one at each step, of unequal slopes."""
    return sum((3**i) * ((p - t / 50).sin() ** 2).sum() for i, p in enumerate(params))


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("ours, theirs, options", PAIRS)
def test_a_hundred_steps_equal_torch(ours, theirs, options, decay):
    a, b = weights(), weights()
    mine = ours(a, lr=0.01, weight_decay=decay, **options)
    torchs = theirs(b, lr=0.01, weight_decay=decay, **options)
    for t in range(100):
        for params, optimizer in ((a, mine), (b, torchs)):
            optimizer.zero_grad()
            loss(params, t).backward()
            optimizer.step()
        for p, q in zip(a, b, strict=True):
            torch.testing.assert_close(p, q, rtol=0, atol=1e-10)
    assert all((p - q).abs().max() > 0.1 for p, q in zip(a, weights(), strict=True))


@pytest.mark.parametrize("ours, theirs, _", PAIRS)
def test_defaults_are_torchs(ours, theirs, _):
    mine, torchs = ours(weights()), theirs(weights()).defaults
    for name in ("lr", "momentum", "nesterov", "alpha", "betas", "eps", "weight_decay"):
        if hasattr(mine, name):
            assert getattr(mine, name) == torchs[name]


@pytest.mark.parametrize("ours, theirs", [(Adam, torch.optim.Adam), (SGD, None)])
def test_a_parameter_without_gradient_rests(ours, theirs):
    a = weights()
    optimizer = ours(a, lr=0.1)
    a[0].sum().backward()
    optimizer.step()
    assert torch.equal(a[1], weights()[1])
    assert optimizer.state[1] == {}
    # Its count of steps starts when its first gradient comes, as in torch.
    if theirs:
        b = weights()
        reference = theirs(b, lr=0.1)
        b[0].sum().backward()
        reference.step()
        for params, one in ((a, optimizer), (b, reference)):
            one.zero_grad()
            (2 * params[1]).sum().backward()
            one.step()
        torch.testing.assert_close(a[1], b[1], rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "ours, options, copies",
    [
        (SGD, {}, 0),
        (SGD, {"momentum": 0.9}, 1),
        (RMSprop, {}, 1),
        (Adam, {}, 2),
        (AdamW, {}, 2),
    ],
)
def test_memory_is_so_many_copies_of_the_parameters(ours, options, copies):
    params = weights()
    optimizer = ours(params, **options)
    loss(params, 0).backward()
    optimizer.step()
    kept = sum(x.numel() for state in optimizer.state for x in state.values())
    assert kept == copies * sum(p.numel() for p in params)


def test_momentum_does_not_share_memory_with_the_gradient():
    (p,) = weights()[:1]
    optimizer = SGD([p], momentum=0.9)
    p.sum().backward()
    optimizer.step()
    p.grad.zero_()
    assert (optimizer.state[0]["u"] == 1).all()


def test_step_leaves_gradients_and_zero_grad_takes_them():
    params = weights()
    optimizer = AdamW(params)
    loss(params, 1).backward()
    before = [p.grad.clone() for p in params]
    optimizer.step()
    assert all(torch.equal(p.grad, g) for p, g in zip(params, before, strict=True))
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: SGD([]), "no parameter"),
        (lambda: Adam(weights(), lr=-1), "negative"),
        (lambda: AdamW(weights(), weight_decay=-1), "negative"),
        (lambda: SGD(weights(), momentum=1.0), "momentum is 1.0"),
        (lambda: SGD(weights(), nesterov=True), "needs momentum"),
        (lambda: RMSprop(weights(), alpha=1.5), "alpha is 1.5"),
        (lambda: Adam(weights(), betas=(0.9, 1.0)), "beta2 is 1.0"),
    ],
)
def test_wrong_numbers_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
