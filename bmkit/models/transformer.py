"""The Transformer: an encoder that reads, a decoder that writes, and both together.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3. Their layers are
in `bmkit.models.transformer_layers`, their positions in `bmkit.models.positions`.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from bmkit.models.positions import sinusoidal_positions
from bmkit.models.transformer_layers import DecoderLayer, EncoderLayer


class TransformerEncoder(nn.Module):
    """Layers in which every real place sees every other one.

    Pre-norm layers never norm their stream, so one norm follows the last of them.

    Args:
        d: numbers that stand for one place, in and out.
        heads: heads of each attention.
        layers: how many layers, 1 or more.
        **options: ``hidden``, ``dropout`` and ``norm_first`` of `EncoderLayer`.

    Raises:
        ValueError: ``heads`` does not divide ``d``, or there is no layer.
    """

    def __init__(self, d: int, heads: int, layers: int, **options: Any) -> None:
        super().__init__()
        self.layers = _stack(EncoderLayer, d, heads, layers, options)
        norm_first = options.get("norm_first", True)
        self.norm = nn.LayerNorm(d) if norm_first else nn.Identity()

    def forward(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """Read a batch of sequences.

        Args:
            x: the places, positions added already, (batch, n, d).
            real: booleans, (batch, n), True where a place is no padding; all if None.

        Returns:
            The places, (batch, n, d). What stands at padding means nothing.

        Raises:
            TypeError: ``real`` is not boolean.
            ValueError: ``real`` does not have the shape (batch, n).
        """
        mask = _padding(x, real)
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x)


class TransformerDecoder(nn.Module):
    """Layers in which a place sees no later one, and all of another sequence.

    Arguments and errors as of `TransformerEncoder`.
    """

    def __init__(self, d: int, heads: int, layers: int, **options: Any) -> None:
        super().__init__()
        self.layers = _stack(DecoderLayer, d, heads, layers, options)
        norm_first = options.get("norm_first", True)
        self.norm = nn.LayerNorm(d) if norm_first else nn.Identity()

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        real: Tensor | None = None,
        context_real: Tensor | None = None,
    ) -> Tensor:
        """Let what is written so far look back at itself and at what was read.

        Args:
            x: the places, positions added already, (batch, n, d).
            context: what an encoder gave, (batch, m, d).
            real: booleans, (batch, n), True where a place of ``x`` is no padding.
            context_real: the same for ``context``, (batch, m).

        Returns:
            The places, (batch, n, d).

        Raises:
            TypeError: ``real`` or ``context_real`` is not boolean.
            ValueError: it does not have the shape of its sequence.
        """
        n = x.shape[1]
        mask = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        padding, context_mask = _padding(x, real), _padding(context, context_real)
        if padding is not None:
            mask = mask & padding  # (batch, 1, n, n)
        for layer in self.layers:
            x = layer(x, context, mask, context_mask)
        return self.norm(x)


class Transformer(nn.Module):
    """Reads one sequence of tokens and writes another.

    The scores of the next token are dot products with the target's own embeddings
    (section 3.4), which start small enough for that, and are scaled up as inputs.

    Args:
        source_vocabulary: number of tokens that may be read.
        target_vocabulary: number of tokens that may be written.
        d: numbers that stand for one place; even.
        heads: heads of each attention.
        layers: layers of the encoder, and as many of the decoder.
        hidden: numbers inside the feed-forward parts, 4 d if None.
        dropout: share put to zero while training.
        norm_first: pre-norm, or else post-norm.

    Raises:
        ValueError: ``heads`` does not divide ``d``, ``d`` is odd, or there is no
            layer.
    """

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        *,
        d: int = 512,
        heads: int = 8,
        layers: int = 6,
        hidden: int | None = None,
        dropout: float = 0.1,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        sinusoidal_positions(0, d)  # refuses an odd d at once
        options = {"hidden": hidden, "dropout": dropout, "norm_first": norm_first}
        self.source = nn.Embedding(source_vocabulary, d)
        self.target = nn.Embedding(target_vocabulary, d)
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, std=d**-0.5)
        self.dropout = nn.Dropout(dropout)
        self.encoder = TransformerEncoder(d, heads, layers, **options)
        self.decoder = TransformerDecoder(d, heads, layers, **options)

    def encode(self, source: Tensor, real: Tensor | None = None) -> Tensor:
        """Read: what each place of the source means, (batch, m, d).

        Args:
            source: token numbers, (batch, m).
            real: booleans, (batch, m), True where a token is no padding.
        """
        return self.encoder(self._places(self.source, source), real)

    def decode(
        self,
        target: Tensor,
        context: Tensor,
        real: Tensor | None = None,
        context_real: Tensor | None = None,
    ) -> Tensor:
        """Write: scores of the token after each, (batch, n, target_vocabulary).

        Args:
            target: the tokens written so far, (batch, n); the first says "start".
            context: what `encode` gave, (batch, m, d).
            real: booleans, (batch, n), True where a token is no padding.
            context_real: the same for the source, (batch, m).
        """
        x = self._places(self.target, target)
        y = self.decoder(x, context, real, context_real)  # (batch, n, d)
        return y @ self.target.weight.T

    def forward(
        self,
        source: Tensor,
        target: Tensor,
        source_real: Tensor | None = None,
        target_real: Tensor | None = None,
    ) -> Tensor:
        """Logits of the token after each place of ``target``, all at once.

        Args:
            source: token numbers, (batch, m).
            target: what was written, shifted right: a start token first, (batch, n).
            source_real: booleans, (batch, m), True where a token is no padding.
            target_real: the same for the target, (batch, n).

        Returns:
            Logits, (batch, n, target_vocabulary).

        Raises:
            TypeError: a mask is not boolean.
            ValueError: a mask does not have its sequence's shape.
        """
        context = self.encode(source, source_real)
        return self.decode(target, context, target_real, source_real)

    def _places(self, embedding: nn.Embedding, tokens: Tensor) -> Tensor:
        x = embedding(tokens)  # (batch, n, d)
        n, d = x.shape[1:]
        where = sinusoidal_positions(n, d, device=x.device, dtype=x.dtype)
        return self.dropout(math.sqrt(d) * x + where)


def _stack(
    kind: type[nn.Module], d: int, heads: int, layers: int, options: dict[str, Any]
) -> nn.ModuleList:
    if layers < 1:
        raise ValueError(f"{layers} layers: a stack has at least 1")
    return nn.ModuleList(kind(d, heads, **options) for _ in range(layers))


def _padding(x: Tensor, real: Tensor | None) -> Tensor | None:
    """Nobody may look at padding: (batch, n) to (batch, 1, 1, n)."""
    if real is None:
        return None
    if real.shape != x.shape[:2]:
        raise ValueError(
            f"{tuple(real.shape)} marks of what is real, "
            f"but the places are {tuple(x.shape[:2])}"
        )
    if real.dtype != torch.bool:
        raise TypeError(f"the marks hold {real.dtype}: give booleans, True where real")
    return real[:, None, None, :]
