"""SGD, RMSprop, Adam and AdamW, to be read: one rule a class, no switch but its own.

Each takes the same numbers as its namesake in `torch.optim`, in the same order of
operations, and follows it to rounding error. What a rule remembers of a parameter is in
``optimizer.state``: one dictionary for each parameter, filled at its first step.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Optimizer:
    """What the rules share: a list of parameters, and a walk over their gradients.

    Args:
        params: tensors that require gradients, of any shapes.
        lr: step size, not negative.
        weight_decay: strength of the pull towards 0, not negative.

    Raises:
        ValueError: there is no parameter, or a number is negative.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float):
        self.params = list(params)
        if not self.params:
            raise ValueError("there is no parameter to optimize")
        if lr < 0 or weight_decay < 0:
            raise ValueError(f"negative lr={lr} or weight_decay={weight_decay}")
        self.lr, self.weight_decay = lr, weight_decay
        self.state: list[dict[str, Tensor]] = [{} for _ in self.params]
        self.steps = [0] * len(self.params)

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next ones are not added to them."""
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient, once."""
        for i, p in enumerate(self.params):
            if p.grad is not None:
                # Counted one by one: a parameter without a gradient takes no step.
                self.steps[i] += 1
                self.update(p, p.grad, self.state[i], self.steps[i])

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], t: int) -> None:
        """Change ``p`` in place by the rule.

        Args:
            p: the parameter.
            g: its gradient, of the same shape; it is not changed.
            state: what the rule remembers of ``p``; empty at the first step.
            t: number of this parameter's step, from 1.
        """
        raise NotImplementedError


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted (Polyak 1964).

    Args:
        params: tensors that require gradients.
        lr: step size.
        momentum: share of the last velocity that is kept, from 0 to below 1.
        nesterov: look one step ahead along the velocity.
        weight_decay: strength of L2, added to the gradient.

    Raises:
        ValueError: a number is out of range, or ``nesterov`` without momentum.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, lr, weight_decay)
        _fractions(momentum=momentum)
        if nesterov and momentum == 0:
            raise ValueError("nesterov needs momentum")
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], t: int) -> None:
        """Keep a velocity that sums gradients, and move along it."""
        g = g + self.weight_decay * p
        if self.momentum:
            # The gradient comes in whole, without a factor 1 - momentum: as in torch.
            state["u"] = self.momentum * state["u"] + g if t > 1 else g
            g = g + self.momentum * state["u"] if self.nesterov else state["u"]
        p -= self.lr * g


class RMSprop(Optimizer):
    """Divide each gradient by its recent size (Tieleman and Hinton 2012).

    Args:
        params: tensors that require gradients.
        lr: step size.
        alpha: share of the old mean square that is kept.
        eps: added to the root, against division by 0.
        weight_decay: strength of L2, added to the gradient.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, lr, weight_decay)
        _fractions(alpha=alpha)
        self.alpha, self.eps = alpha, eps

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], t: int) -> None:
        """Keep a mean of squares, and divide by its root."""
        g = g + self.weight_decay * p
        v = state.get("v", torch.zeros_like(p))
        state["v"] = self.alpha * v + (1 - self.alpha) * g**2
        p -= self.lr * g / (state["v"].sqrt() + self.eps)


class Adam(Optimizer):
    """Momentum over size, both freed of their bias (Kingma and Ba 2015, algorithm 1).

    Args:
        params: tensors that require gradients.
        lr: step size.
        betas: shares of the old mean and of the old mean square that are kept.
        eps: added to the root, against division by 0.
        weight_decay: strength of L2, added to the gradient.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, lr, weight_decay)
        _fractions(beta1=betas[0], beta2=betas[1])
        self.betas, self.eps = betas, eps

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], t: int) -> None:
        """Take Adam's step on the gradient of the loss plus L2."""
        self.adapt(p, g + self.weight_decay * p, state, t)

    def adapt(self, p: Tensor, g: Tensor, state: dict[str, Tensor], t: int) -> None:
        """Take Adam's step without any decay: arguments as of `update`."""
        beta1, beta2 = self.betas
        m, v = (state.get(name, torch.zeros_like(p)) for name in "mv")
        state["m"] = beta1 * m + (1 - beta1) * g
        state["v"] = beta2 * v + (1 - beta2) * g**2
        m_hat = state["m"] / (1 - beta1**t)
        v_hat = state["v"] / (1 - beta2**t)
        p -= self.lr * m_hat / (v_hat.sqrt() + self.eps)


class AdamW(Adam):
    """Adam with decay that its scaling does not touch (Loshchilov and Hutter 2019).

    The decay of one step is ``lr * weight_decay * p``, as in `torch.optim.AdamW`; the
    paper's algorithm 2 leaves ``lr`` out of it and has a schedule there.

    Args:
        params: tensors that require gradients.
        lr: step size.
        betas: shares of the old mean and of the old mean square that are kept.
        eps: added to the root, against division by 0.
        weight_decay: strength of the decay, beside the gradient.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ):
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], t: int) -> None:
        """Shrink the parameter, then take Adam's step on the bare gradient."""
        p *= 1 - self.lr * self.weight_decay
        self.adapt(p, g, state, t)


def _fractions(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} is {value}: it must be from 0 to below 1")
