"""Recurrent networks: one state, carried from step to step, is all they remember.

Each reads a sequence from left to right. The inputs are projected to every gate for all
steps at once; what depends on the state before must wait for it, one fused matrix
product a step. Parameters have the names, order and layout of PyTorch's cells, so that
weights can be copied from `torch.nn.RNN`, `LSTM` and `GRU` (one layer, one direction)
and back.

- RNN: Elman, "Finding Structure in Time", Cognitive Science 14, 1990.
- LSTM: Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8),
  1997; its forget gate: Gers, Schmidhuber and Cummins, "Learning to Forget", Neural
  Computation 12(10), 2000.
- GRU: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
  Statistical Machine Translation", EMNLP 2014, section 2.3; with the reset gate after
  the matrix product, as in cuDNN and PyTorch.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = TypeVar("State", Tensor, tuple[Tensor, Tensor])


class _Recurrent(nn.Module, Generic[State]):
    """What the three share: the parameters of all gates stacked, and the loop."""

    n_gates: int

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        if min(input_size, hidden_size) < 1:
            raise ValueError(
                f"sizes must be at least 1, not input_size {input_size} and "
                f"hidden_size {hidden_size}"
            )
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = self.n_gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        for parameter in self.parameters():
            bound = 1 / math.sqrt(hidden_size)  # as PyTorch's
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read sequences from their first step to their last.

        Args:
            x: inputs, (batch, n, input_size), n at least 1.
            state: where to begin, as returned at the end; None for zeros.

        Returns:
            The hidden state after each step, (batch, n, hidden_size), and the last
            state: to be handed in again where the sequence goes on.

        Raises:
            ValueError: ``x`` has another shape.
        """
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != self.input_size:
            raise ValueError(
                f"x has shape {tuple(x.shape)}: give (batch, n, {self.input_size}), "
                "n at least 1"
            )
        if state is None:
            state = self.initial_state(x)
        # (batch, n, n_gates * hidden_size)
        projected = F.linear(x, self.weight_ih, self.bias_ih)
        outputs = []
        for x_gates in projected.unbind(1):
            state = self.step(x_gates, state)
            outputs.append(self.output(state))
        return torch.stack(outputs, 1), state

    def _zeros(self, x: Tensor) -> Tensor:
        """One vector of zeros for each sequence of ``x``, (batch, hidden_size)."""
        return x.new_zeros(len(x), self.hidden_size)

    def initial_state(self, x: Tensor) -> State:
        """The state before anything is read."""
        raise NotImplementedError

    def step(self, x_gates: Tensor, state: State) -> State:
        """The next state, from the input projected to the gates and the state.

        Args:
            x_gates: (batch, n_gates * hidden_size).
            state: the state before.
        """
        raise NotImplementedError

    def output(self, state: State) -> Tensor:
        """The hidden state, (batch, hidden_size)."""
        raise NotImplementedError


class _OneVector(_Recurrent[Tensor]):
    """A recurrent network whose state is the hidden state alone."""

    def initial_state(self, x: Tensor) -> Tensor:
        return self._zeros(x)

    def output(self, state: Tensor) -> Tensor:
        return state


class RNN(_OneVector):
    """The plain one: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Its state is ``h``, (batch, hidden_size).

    Args:
        input_size: numbers an input has at each step.
        hidden_size: numbers in the hidden state.

    Raises:
        ValueError: a size is below 1.
    """

    n_gates = 1

    def step(self, x_gates: Tensor, state: Tensor) -> Tensor:
        return torch.tanh(x_gates + F.linear(state, self.weight_hh, self.bias_hh))


class LSTM(_Recurrent[tuple[Tensor, Tensor]]):
    """Long short-term memory: a cell that is added to, and gates that guard it.

    Its state is the pair ``(h, c)``, each (batch, hidden_size). The rows of the
    parameters are those of the input gate, the forget gate, the cell candidate and the
    output gate.

    Args:
        input_size: numbers an input has at each step.
        hidden_size: numbers in the hidden state.
        forget_bias: added to the forget gate's bias at the start. With 0 a new cell
            forgets half of what it holds at every step; 1 or more makes it remember
            (Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of Recurrent
            Network Architectures", ICML 2015).

    Raises:
        ValueError: a size is below 1.
    """

    n_gates = 4

    def __init__(
        self, input_size: int, hidden_size: int, *, forget_bias: float = 0.0
    ) -> None:
        super().__init__(input_size, hidden_size)
        with torch.no_grad():
            self.bias_hh[hidden_size : 2 * hidden_size] += forget_bias

    def initial_state(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self._zeros(x), self._zeros(x)

    def step(
        self, x_gates: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        h, c = state
        gates = x_gates + F.linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = gates.chunk(4, -1)  # each (batch, hidden_size)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def output(self, state: tuple[Tensor, Tensor]) -> Tensor:
        return state[0]


class GRU(_OneVector):
    """Gated recurrent unit: the update gate says how much of the old state is kept.

    Its state is ``h``, (batch, hidden_size). The rows of the parameters are those of
    the reset gate, the update gate and the candidate. An update gate of 1 keeps the old
    state; some papers turn it round.

    Args:
        input_size: numbers an input has at each step.
        hidden_size: numbers in the hidden state.

    Raises:
        ValueError: a size is below 1.
    """

    n_gates = 3

    def step(self, x_gates: Tensor, state: Tensor) -> Tensor:
        h_gates = F.linear(state, self.weight_hh, self.bias_hh)
        x_r, x_z, x_n = x_gates.chunk(3, -1)  # each (batch, hidden_size)
        h_r, h_z, h_n = h_gates.chunk(3, -1)
        r = (x_r + h_r).sigmoid()  # reset gate
        z = (x_z + h_z).sigmoid()  # update gate
        n = (x_n + r * h_n).tanh()  # candidate, PyTorch's "new gate"
        return (1 - z) * n + z * state
