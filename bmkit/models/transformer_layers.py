"""A Transformer's layers: attention and feed-forward, each added to what it read.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, sections 3.1 to 3.3. The
order that norms first is from Xiong et al., "On Layer Normalization in the Transformer
Architecture", ICML 2020. The norms have the names of PyTorch's layers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.nn import functional as F

from bmkit.models.attention import MultiHeadAttention


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between, for each position alone (section 3.3).

    Args:
        d_model: size of a position's vector, in and out.
        d_ff: size of the hidden layer.
        dropout: probability that a hidden number is dropped in training.
    """

    def __init__(self, d_model: int, d_ff: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.fc = nn.Linear(d_model, d_ff)
        self.proj = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) to (..., d_model)."""
        return self.proj(self.dropout(F.relu(self.fc(x))))


class Residual(nn.Module):
    """What both layers share: the residual connection around each of their parts.

    Args:
        dropout: probability that a number of what a part adds is dropped in training.
        norm_first: pre-norm, where a part reads a normed copy; otherwise post-norm,
            where the sum is normed, as in the paper of 2017.
    """

    def __init__(self, dropout: float, norm_first: bool) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.dropout = nn.Dropout(dropout)

    def add(
        self, x: Tensor, part: Callable[[Tensor], Tensor], norm: nn.Module
    ) -> Tensor:
        """What ``part`` makes of ``x`` is added to ``x``; shapes stay."""
        if self.norm_first:
            return x + self.dropout(part(norm(x)))
        return norm(x + self.dropout(part(x)))


class EncoderLayer(Residual):
    """Self-attention, then feed-forward (section 3.1).

    Args:
        d_model: size of a position's vector, in and out.
        n_heads: heads of the attention.
        d_ff: size of the feed-forward part's hidden layer, ``4 * d_model`` if None.
        dropout: probability that a number is dropped in training: of the attention
            weights, of the hidden layer, and of what each part adds.
        norm_first: pre-norm, or else post-norm, as in the paper of 2017.

    Raises:
        ValueError: ``n_heads`` does not divide ``d_model``.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        d_ff: int | None = None,
        dropout: float = 0.0,
        norm_first: bool = True,
    ) -> None:
        super().__init__(dropout, norm_first)
        self.attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.norm1 = nn.LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff or 4 * d_model, dropout=dropout)
        self.norm2 = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """One layer of the encoder.

        Args:
            x: the sequence, (batch, n, d_model).
            mask: booleans that broadcast to (batch, n_heads, n, n), True where a
                position may attend.

        Returns:
            The sequence, (batch, n, d_model).

        Raises:
            TypeError: the mask is not boolean.
        """
        x = self.add(x, partial(self.attention, mask=mask), self.norm1)
        return self.add(x, self.feed_forward, self.norm2)


class DecoderLayer(Residual):
    """Self-attention, then cross-attention to another sequence, then feed-forward.

    Arguments and errors as of `EncoderLayer`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        d_ff: int | None = None,
        dropout: float = 0.0,
        norm_first: bool = True,
    ) -> None:
        super().__init__(dropout, norm_first)
        self.attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.norm1 = nn.LayerNorm(d_model)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.norm2 = nn.LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff or 4 * d_model, dropout=dropout)
        self.norm3 = nn.LayerNorm(d_model)

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        mask: Tensor | None = None,
        context_mask: Tensor | None = None,
    ) -> Tensor:
        """One layer of the decoder.

        Args:
            x: the sequence, (batch, n, d_model).
            context: the encoder's output (PyTorch's ``memory``), (batch, m, d_model).
            mask: booleans that broadcast to (batch, n_heads, n, n), True where a
                position may attend within ``x``.
            context_mask: the same for ``context``, (batch, n_heads, n, m).

        Returns:
            The sequence, (batch, n, d_model).

        Raises:
            TypeError: a mask is not boolean.
        """
        cross = partial(self.cross_attention, context=context, mask=context_mask)
        x = self.add(x, partial(self.attention, mask=mask), self.norm1)
        x = self.add(x, cross, self.norm2)
        return self.add(x, self.feed_forward, self.norm3)
