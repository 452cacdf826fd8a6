"""Recurrent networks: one state, carried from step to step, is all they remember.

Each reads a sequence from left to right. The inputs' share of every gate is computed
for all steps at once; what depends on the state before must wait for it, one fused
matrix product a step. Parameters have the names, order and layout of PyTorch's cells,
so that weights can be copied from `torch.nn.RNN`, `LSTM` and `GRU` (one layer, one
direction) and back.

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
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class _Recurrent(nn.Module):
    """What the three share: the parameters of all gates stacked, and the loop."""

    gates: int

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        if min(inputs, hidden) < 1:
            raise ValueError(
                f"sizes must be at least 1, not {inputs} inputs and {hidden} hidden"
            )
        self.inputs, self.hidden = inputs, hidden
        rows = self.gates * hidden
        self.weight_ih = nn.Parameter(torch.empty(rows, inputs))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        for parameter in self.parameters():
            bound = 1 / math.sqrt(hidden)  # PyTorch's start
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Read sequences from their first step to their last.

        Args:
            x: inputs, (batch, n, inputs), n at least 1.
            state: where to begin, as returned at the end; None for zeros.

        Returns:
            The hidden state after each step, (batch, n, hidden), and the last state: to
            be handed in again where the sequence goes on.

        Raises:
            ValueError: ``x`` has another shape.
        """
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != self.inputs:
            raise ValueError(
                f"x has shape {tuple(x.shape)}: give (batch, n, {self.inputs}), "
                "n at least 1"
            )
        if state is None:
            state = self.start(x)
        shares = F.linear(x, self.weight_ih, self.bias_ih)  # (batch, n, gates * hidden)
        states = []
        for share in shares.unbind(1):
            state = self.step(share, state)
            states.append(self.output(state))
        return torch.stack(states, 1), state

    def start(self, x: Tensor) -> Any:
        """The state before anything is read: zeros, (batch, hidden)."""
        return x.new_zeros(len(x), self.hidden)

    def step(self, share: Tensor, state: Any) -> Any:
        """The next state, from the input's share, (batch, gates * hidden)."""
        raise NotImplementedError

    def output(self, state: Any) -> Tensor:
        """What others see of a state, (batch, hidden)."""
        return state


class RNN(_Recurrent):
    """The plain one: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Its state is ``h``, (batch, hidden).

    Args:
        inputs: numbers an input has at each step.
        hidden: numbers in the state.

    Raises:
        ValueError: a size is below 1.
    """

    gates = 1

    def step(self, share: Tensor, state: Tensor) -> Tensor:
        return torch.tanh(share + F.linear(state, self.weight_hh, self.bias_hh))


class LSTM(_Recurrent):
    """Long short-term memory: a cell that is added to, and gates that guard it.

    Its state is the pair ``(h, c)``, each (batch, hidden). The rows of the parameters
    are those of the input gate, the forget gate, the candidate and the output gate.

    Args:
        inputs: numbers an input has at each step.
        hidden: numbers in the state.
        forget_bias: added to the forget gate's bias at the start. With 0 a new cell
            forgets half of what it holds at every step; 1 or more makes it remember
            (Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of Recurrent
            Network Architectures", ICML 2015).

    Raises:
        ValueError: a size is below 1.
    """

    gates = 4

    def __init__(self, inputs: int, hidden: int, *, forget_bias: float = 0.0) -> None:
        super().__init__(inputs, hidden)
        with torch.no_grad():
            self.bias_hh[hidden : 2 * hidden] += forget_bias

    def start(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().start(x), super().start(x)

    def step(
        self, share: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        h, c = state
        z = share + F.linear(h, self.weight_hh, self.bias_hh)  # (batch, 4 * hidden)
        i, f, g, o = z.chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def output(self, state: tuple[Tensor, Tensor]) -> Tensor:
        return state[0]


class GRU(_Recurrent):
    """Gated recurrent unit: one gate decides how much of the old state is kept.

    Its state is ``h``, (batch, hidden). The rows of the parameters are those of the
    reset gate, the update gate and the candidate. An update gate of 1 keeps the old
    state; some papers turn it round.

    Args:
        inputs: numbers an input has at each step.
        hidden: numbers in the state.

    Raises:
        ValueError: a size is below 1.
    """

    gates = 3

    def step(self, share: Tensor, state: Tensor) -> Tensor:
        old = F.linear(state, self.weight_hh, self.bias_hh)  # (batch, 3 * hidden)
        reset, update, candidate = share.chunk(3, -1)
        old_reset, old_update, old_candidate = old.chunk(3, -1)
        r = (reset + old_reset).sigmoid()
        u = (update + old_update).sigmoid()
        g = (candidate + r * old_candidate).tanh()
        return u * state + (1 - u) * g
