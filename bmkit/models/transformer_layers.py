"""A Transformer's layers: look around, then think, and add both to what stood there.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, sections 3.1 to 3.3. The
order that norms first is from Xiong et al., "On Layer Normalization in the Transformer
Architecture", ICML 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from bmkit.models.attention import MultiHeadAttention


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between, for each place alone (section 3.3).

    Args:
        d: numbers that stand for one place, in and out.
        hidden: numbers in between.
        dropout: share of these put to zero while training.
    """

    def __init__(self, d: int, hidden: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.up = nn.Linear(d, hidden)
        self.down = nn.Linear(hidden, d)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Think about each place, (..., d) to (..., d)."""
        return self.down(self.dropout(F.relu(self.up(x))))


class EncoderLayer(nn.Module):
    """Look around, then think: self-attention, then feed-forward (section 3.1).

    Args:
        d: numbers that stand for one place, in and out.
        heads: heads of the attention.
        hidden: numbers inside the feed-forward part, 4 d if None.
        dropout: share put to zero while training: of the attention's weights, of the
            hidden numbers, and of what each part adds.
        norm_first: pre-norm, where a part reads a normed copy; otherwise post-norm,
            where the sum is normed, as in the paper of 2017.

    Raises:
        ValueError: ``heads`` does not divide ``d``.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        *,
        hidden: int | None = None,
        dropout: float = 0.0,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attention = MultiHeadAttention(d, heads, dropout=dropout)
        self.attention_norm = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, hidden or 4 * d, dropout=dropout)
        self.feed_forward_norm = nn.LayerNorm(d)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let each place take what it needs from the others, and think about it.

        Args:
            x: the places, (batch, n, d).
            mask: booleans that broadcast to (batch, heads, n, n), True where a place
                may look.

        Returns:
            The places, (batch, n, d).

        Raises:
            TypeError: the mask is not boolean.
        """
        look = partial(self.attention, mask=mask)
        x = self._add(x, look, self.attention_norm)
        return self._add(x, self.feed_forward, self.feed_forward_norm)

    def _add(
        self, x: Tensor, part: Callable[[Tensor], Tensor], norm: nn.Module
    ) -> Tensor:
        """The residual connection: what a part says is added to what it read."""
        if self.norm_first:
            return x + self.dropout(part(norm(x)))
        return norm(x + self.dropout(part(x)))


class DecoderLayer(EncoderLayer):
    """An encoder's layer that in between also looks at another sequence.

    Arguments as of `EncoderLayer`.
    """

    def __init__(self, d: int, heads: int, **options: Any) -> None:
        super().__init__(d, heads, **options)
        dropout = options.get("dropout", 0.0)
        self.cross = MultiHeadAttention(d, heads, dropout=dropout)
        self.cross_norm = nn.LayerNorm(d)

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        mask: Tensor | None = None,
        context_mask: Tensor | None = None,
    ) -> Tensor:
        """Look around in ``x``, then in ``context``, then think.

        Args:
            x: the places, (batch, n, d).
            context: what the encoder made of the other sequence, (batch, m, d).
            mask: booleans that broadcast to (batch, heads, n, n), True where a place
                may look in ``x``.
            context_mask: the same for ``context``, (batch, heads, n, m).

        Returns:
            The places, (batch, n, d).

        Raises:
            TypeError: a mask is not boolean.
        """
        look = partial(self.attention, mask=mask)
        read = partial(self.cross, context=context, mask=context_mask)
        x = self._add(x, look, self.attention_norm)
        x = self._add(x, read, self.cross_norm)
        return self._add(x, self.feed_forward, self.feed_forward_norm)
