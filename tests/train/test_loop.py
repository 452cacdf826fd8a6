"""The loop trains, measures by example, and leaves the model's mode alone."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bmkit.train.loop import Batches, accuracy, evaluate, fit, predict


@pytest.fixture
def line():
    """Points on y = 3 x - 1."""
    x = torch.linspace(-1, 1, 50)[:, None]
    return x, 3 * x - 1


def test_fit_finds_a_line(line):
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.3)
    history = fit(model, Batches(*line, 10, seed=0), F.mse_loss, optimizer, epochs=30)
    assert len(history) == 30
    assert history[-1] < 1e-6 < history[0]
    assert model.weight.item() == pytest.approx(3, abs=1e-3)
    assert model.bias.item() == pytest.approx(-1, abs=1e-3)


def test_one_full_batch_is_one_step_of_gradient_descent(line):
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(1)
        model.bias.fill_(0)
    x, y = line
    want = 1 - 0.1 * (2 * (x - y) * x).mean()
    fit(model, [line], F.mse_loss, torch.optim.SGD(model.parameters(), 0.1))
    assert model.weight.item() == pytest.approx(want.item())


def test_an_epochs_loss_is_the_mean_over_examples():
    model = nn.Linear(1, 1)
    batches = [(torch.zeros(3, 1), torch.ones(3, 1)), (torch.zeros(1, 1),) * 2]
    losses = iter([2.0, 6.0])

    def loss(y_hat, y):
        return y_hat.sum() * 0 + next(losses)

    history = fit(model, batches, loss, torch.optim.SGD(model.parameters(), 0.1))
    assert history == [pytest.approx((3 * 2.0 + 6.0) / 4)]


def test_on_epoch_end_may_evaluate_and_training_goes_on(line):
    model = nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.0))
    seen = []

    def after(epoch, loss):
        evaluate(model, [line], mse=F.mse_loss)
        model.eval()
        seen.append((epoch, loss))

    modes = []
    model[1].register_forward_hook(lambda m, *_: modes.append(m.training))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    history = fit(model, [line], F.mse_loss, optimizer, epochs=3, on_epoch_end=after)
    assert seen == list(enumerate(history))
    assert modes == [True, False] * 3


def test_a_loss_that_explodes_is_told(line):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 1e6)
    with pytest.raises(FloatingPointError, match="smaller lr"):
        fit(model, [line], F.mse_loss, optimizer, epochs=50)


def test_nothing_to_train_on_is_told():
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="no batch"):
        fit(model, [], F.mse_loss, optimizer)
    with pytest.raises(ValueError, match="no batch"):
        evaluate(model, [], mse=F.mse_loss)


def test_evaluate_weighs_a_small_last_batch_by_its_size():
    logits = torch.tensor([[2.0, 1.0], [2.0, 1.0], [1.0, 2.0]])
    y = torch.tensor([0, 1, 1])
    found = evaluate(nn.Identity(), Batches(logits, y, 2), accuracy=accuracy)
    assert found == {"accuracy": pytest.approx(2 / 3)}


@pytest.mark.parametrize("training", [True, False])
def test_predict_and_evaluate_leave_the_mode_alone(training):
    torch.manual_seed(0)
    model = nn.Dropout(0.5).train(training)
    x = torch.ones(5, 3)
    assert torch.equal(predict(model, x, batch_size=2), x)
    assert evaluate(model, [(x, x)], mse=F.mse_loss) == {"mse": 0.0}
    assert model.training is training


def test_batches_hold_every_example_once_in_a_new_order_each_pass():
    x = torch.arange(10)
    batches = Batches(x, -x, 4, seed=3)
    passes = [list(batches), list(batches)]
    for found in passes:
        assert [len(a) for a, _ in found] == [4, 4, 2] and len(batches) == 3
        assert all(torch.equal(a, -b) for a, b in found)
        assert sorted(torch.cat([a for a, _ in found]).tolist()) == list(range(10))
    first, second = (torch.cat([a for a, _ in found]).tolist() for found in passes)
    assert first != second
    again = torch.cat([a for a, _ in Batches(x, -x, 4, seed=3)]).tolist()
    assert again == first


def test_batches_without_a_seed_keep_the_order():
    x = torch.arange(5)
    assert torch.equal(torch.cat([a for a, _ in Batches(x, x, 2)]), x)


def test_batches_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="3 inputs but 2"):
        Batches(torch.zeros(3), torch.zeros(2), 1)
    with pytest.raises(ValueError, match="at least 1"):
        Batches(torch.zeros(3), torch.zeros(3), 0)
