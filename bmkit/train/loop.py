"""The training loop and its counterpart without gradients.

Neither knows what the model is or where the data come from: a batch is a pair
``(x, y)`` of tensors, and whatever yields such pairs anew at each pass will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

LossFunction = Callable[[Tensor, Tensor], Tensor]


class OptimizerLike(Protocol):
    """What the loop asks of an optimizer, be it of `torch.optim` or of ours."""

    def zero_grad(self) -> None: ...
    def step(self) -> object: ...


class Batches:
    """Pairs of tensors in batches; shuffled anew at each pass if there is a seed.

    Args:
        x: inputs, first axis the examples.
        y: targets, as many.
        batch_size: examples a batch; the last one may be smaller.
        seed: of the order, or None to keep the order given.

    Raises:
        ValueError: ``x`` and ``y`` differ in length, or ``batch_size`` is below 1.
    """

    def __init__(self, x: Tensor, y: Tensor, batch_size: int, seed: int | None = None):
        if len(x) != len(y):
            raise ValueError(f"{len(x)} inputs but {len(y)} targets")
        if batch_size < 1:
            raise ValueError(f"a batch holds at least 1 example, not {batch_size}")
        self.x, self.y, self.batch_size = x, y, batch_size
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.arange(len(self.x))
        if self.generator is not None:
            order = order[torch.randperm(len(order), generator=self.generator)]
        for part in order.split(self.batch_size):
            yield self.x[part], self.y[part]


def fit(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss_fn: LossFunction,
    optimizer: OptimizerLike,
    *,
    epochs: int = 1,
    on_epoch_end: Callable[[int, float], None] | None = None,
    label: str = "",
) -> list[float]:
    """Train ``model`` in place and return the mean training loss of each epoch.

    Args:
        model: any module; batches are moved to where its parameters are.
        batches: yields ``(x, y)`` anew at each pass.
        loss_fn: ``loss_fn(model(x), y)``, a scalar, the mean over the batch.
        optimizer: has ``zero_grad()`` and ``step()``, as those of `torch.optim`.
        epochs: passes over ``batches``.
        on_epoch_end: called with the epoch (from 0) and its mean loss; the model is in
            training mode again afterwards.
        label: what the progress bar says.

    Raises:
        ValueError: ``batches`` yielded nothing.
        FloatingPointError: the loss is no longer finite; a smaller step may help.
    """
    from bmkit.show import progress

    device = _device(model)
    history: list[float] = []
    for epoch in progress(range(epochs), label):
        model.train()
        total, count = 0.0, 0
        for x, y in batches:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
            count += len(x)
        if not count:
            raise ValueError("there is no batch to train on")
        history.append(total / count)
        if not torch.isfinite(torch.tensor(history[-1])):
            raise FloatingPointError(
                f"the loss became {history[-1]} in epoch {epoch}: try a smaller lr"
            )
        if on_epoch_end is not None:
            on_epoch_end(epoch, history[-1])
    return history


def predict(model: nn.Module, x: Tensor, *, batch_size: int = 256) -> Tensor:
    """The model's outputs for all of ``x``, on the CPU, in evaluation mode.

    Args:
        model: any module; its mode (training or not) is left as it was.
        x: inputs, first axis the examples.
        batch_size: examples at a time.
    """
    with _evaluating(model):
        device = _device(model)
        return torch.cat([model(part.to(device)).cpu() for part in x.split(batch_size)])


def evaluate(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], **metrics: LossFunction
) -> dict[str, float]:
    """The mean of each metric over all examples, in evaluation mode.

    Args:
        model: any module; its mode (training or not) is left as it was.
        batches: yields ``(x, y)``.
        **metrics: ``name=function``, each as a loss: a batch's mean from ``model(x)``
            and ``y``, such as `accuracy`.

    Raises:
        ValueError: ``batches`` yielded nothing.
    """
    totals = dict.fromkeys(metrics, 0.0)
    count = 0
    with _evaluating(model):
        device = _device(model)
        for x, y in batches:
            x, y = x.to(device), y.to(device)
            y_hat = model(x)
            for name, metric in metrics.items():
                # A batch's mean counts by its size: the last batch may be smaller.
                totals[name] += float(metric(y_hat, y)) * len(x)
            count += len(x)
    if not count:
        raise ValueError("there is no batch to evaluate on")
    return {name: total / count for name, total in totals.items()}


def accuracy(logits: Tensor, y: Tensor) -> Tensor:
    """Share of examples whose largest logit is at the class ``y``.

    Args:
        logits: (batch, classes).
        y: class numbers, (batch,).
    """
    return (logits.argmax(dim=-1) == y).float().mean()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """No gradients and evaluation mode inside, the mode of before outside."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def _device(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
