"""Attention: every place looks up what it needs at every other place.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def scaled_dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Average the values, weighted by how well each key fits the query.

    A query that may look nowhere gets weights and an output of zero.

    Args:
        q: queries, (..., n, d).
        k: keys, (..., m, d).
        v: values, (..., m, e).
        mask: booleans that broadcast to (..., n, m), True where a query may look.

    Returns:
        The output, (..., n, e), and the weights, (..., n, m).

    Raises:
        TypeError: the mask is not boolean.
    """
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (..., n, m)
    if mask is None:
        weights = scores.softmax(-1)
    else:
        _demand_boolean(mask)
        # A row of -inf alone has no softmax: a finite floor keeps its gradient finite.
        floor = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~mask, floor).softmax(-1).masked_fill(~mask, 0.0)
    return weights @ v, weights


class MultiHeadAttention(nn.Module):
    """Several small attentions side by side, each with its own projections.

    Args:
        d: numbers that stand for one place, in and out.
        heads: how many attentions; each works on ``d // heads`` numbers.
        dropout: share of the weights put to zero while training.

    Raises:
        ValueError: ``heads`` is below 1 or does not divide ``d``.
    """

    def __init__(self, d: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        if heads < 1 or d % heads:
            raise ValueError(f"{heads} heads cannot share {d} numbers evenly")
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(d, d)
        self.key = nn.Linear(d, d)
        self.value = nn.Linear(d, d)
        self.output = nn.Linear(d, d)

    def weights(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Where each head looks, (batch, heads, n, m); arguments as for a call."""
        q, k, v = self._project(x, x if context is None else context)
        return scaled_dot_product_attention(q, k, v, mask)[1]

    def forward(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Let every place of ``x`` look at ``context``, or at ``x`` itself.

        Args:
            x: the places that ask, (batch, n, d).
            context: the places that answer, (batch, m, d).
            mask: booleans that broadcast to (batch, heads, n, m), True where a place
                may look; one that may look nowhere gets the output's bias alone.

        Returns:
            As many places as ``x`` has, (batch, n, d).

        Raises:
            TypeError: the mask is not boolean.
        """
        if mask is not None:
            _demand_boolean(mask)
        q, k, v = self._project(x, x if context is None else context)
        # PyTorch's own never holds all the weights at once where it has a fast kernel.
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0
        )  # (batch, heads, n, d/heads)
        return self.output(y.transpose(1, 2).flatten(2))  # (batch, n, d)

    def _project(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = self.query(x), self.key(context), self.value(context)
        return self._split(q), self._split(k), self._split(v)  # (batch, heads, ., .)

    def _split(self, x: Tensor) -> Tensor:
        # Only places and heads change seats: a plain view would mix the places.
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _demand_boolean(mask: Tensor) -> None:
    if mask.dtype != torch.bool:
        raise TypeError(f"the mask holds {mask.dtype}: give booleans, True to look")
