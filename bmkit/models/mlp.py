"""The multilayer perceptron: linear layers with a nonlinearity between them.

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
Nature 323, 1986.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """``x`` to ``sigma(x @ W.T + b)``, once a hidden layer, then a last linear layer.

    The last layer has no nonlinearity: it gives logits, or any real numbers. Weights
    start as those of `nn.Linear`, so that the same seed gives the same network as
    `nn.Sequential`.

    Args:
        sizes: numbers in, in each hidden layer, and out: ``[64, 32, 10]`` has one
            hidden layer of 32.
        activation: works number by number, as `torch.relu`, `torch.tanh` or a module.

    Raises:
        ValueError: fewer than two sizes, or one below 1.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes {list(sizes)}: give two or more, each at least 1")
        self.activation = activation
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in pairwise(sizes)
        )

    def hidden(self, x: Tensor) -> list[Tensor]:
        """What each hidden layer gives, first to last.

        Args:
            x: inputs, (..., sizes[0]).

        Returns:
            One tensor a hidden layer, (..., its size).
        """
        found = []
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """The outputs, (..., sizes[-1]), of inputs ``x``, (..., sizes[0])."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
