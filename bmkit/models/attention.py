"""Multi-head attention: every position reads what it needs from every other.

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

    A query that may attend to nothing gets weights and an output of zero.

    Args:
        q: queries, (..., n, d).
        k: keys, (..., m, d).
        v: values, (..., m, e).
        mask: booleans that broadcast to (..., n, m), True where a query may attend,
            as in PyTorch's function of this name.

    Returns:
        The output, (..., n, e), and the weights, (..., n, m).

    Raises:
        TypeError: the mask is not boolean.
    """
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (..., n, m)
    if mask is None:
        weights = scores.softmax(-1)
    else:
        _require_boolean(mask)
        # A row of -inf alone has no softmax: a finite floor keeps its gradient finite.
        floor = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~mask, floor).softmax(-1).masked_fill(~mask, 0.0)
    return weights @ v, weights


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each with its own projections.

    Args:
        d_model: size of a position's vector, in and out.
        n_heads: how many attentions; each works on ``d_model // n_heads`` numbers.
        dropout: probability that an attention weight is dropped in training.

    Raises:
        ValueError: ``n_heads`` is below 1 or does not divide ``d_model``.
    """

    def __init__(self, d_model: int, n_heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"d_model {d_model} is not divisible by n_heads {n_heads}")
        self.n_heads = n_heads
        self.dropout = dropout
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def weights(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """The attention weights, (batch, n_heads, n, m); arguments as for a call."""
        q, k, v = self._project(x, x if context is None else context)
        return scaled_dot_product_attention(q, k, v, mask)[1]

    def forward(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Let every position of ``x`` attend to ``context``, or to ``x`` itself.

        Args:
            x: gives the queries, (batch, n, d_model).
            context: gives the keys and values, (batch, m, d_model).
            mask: booleans that broadcast to (batch, n_heads, n, m), True where a
                position may attend; one that may attend to nothing gets the bias of
                ``out_proj`` alone.

        Returns:
            As many positions as ``x`` has, (batch, n, d_model).

        Raises:
            TypeError: the mask is not boolean.
        """
        if mask is not None:
            _require_boolean(mask)
        q, k, v = self._project(x, x if context is None else context)
        # PyTorch's own never holds all the weights at once where it has a fast kernel.
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0
        )  # (batch, n_heads, n, d_model / n_heads)
        return self.out_proj(y.transpose(1, 2).flatten(2))  # (batch, n, d_model)

    def _project(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = self.query(x), self.key(context), self.value(context)
        return self._split_heads(q), self._split_heads(k), self._split_heads(v)

    def _split_heads(self, x: Tensor) -> Tensor:
        # (batch, n, d_model) to (batch, n_heads, n, d_model / n_heads). A plain view
        # to that shape would mix the positions.
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


def _require_boolean(mask: Tensor) -> None:
    if mask.dtype != torch.bool:
        raise TypeError(f"the mask holds {mask.dtype}: give booleans, True to attend")
