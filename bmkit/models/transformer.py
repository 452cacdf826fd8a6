"""The Transformer: an encoder that reads, a decoder that writes, and both together.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3. Their layers are
in `bmkit.models.transformer_layers`, their position encoding in
`bmkit.models.positions`. An attention mask here is True where a token is real, as in
Hugging Face's transformers; PyTorch's ``key_padding_mask`` is the other way round.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bmkit.models.positions import sinusoidal_positions
from bmkit.models.transformer_layers import DecoderLayer, EncoderLayer


class TransformerEncoder(nn.Module):
    """Layers in which every token attends to every other one.

    Pre-norm layers never norm what they add to, so one norm follows the last of them.

    Args:
        d_model: size of a position's vector, in and out.
        n_heads: heads of each attention.
        n_layers: how many layers, 1 or more.
        d_ff: size of the feed-forward parts' hidden layers, ``4 * d_model`` if None.
        dropout: probability that a number is dropped in training.
        norm_first: pre-norm, or else post-norm.

    Raises:
        ValueError: ``n_heads`` does not divide ``d_model``, or there is no layer.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        d_ff: int | None = None,
        dropout: float = 0.0,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        _require_layers(n_layers)
        self.layers = nn.ModuleList(
            EncoderLayer(
                d_model, n_heads, d_ff=d_ff, dropout=dropout, norm_first=norm_first
            )
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(d_model) if norm_first else nn.Identity()

    def forward(self, x: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Read a batch of sequences.

        Args:
            x: embeddings, positions added already, (batch, n, d_model).
            attention_mask: booleans, (batch, n), True where a token is no padding; all
                if None.

        Returns:
            The sequences, (batch, n, d_model). What stands at padding means nothing.

        Raises:
            TypeError: the mask is not boolean.
            ValueError: the mask does not have the shape (batch, n).
        """
        mask = _over_keys(x, attention_mask)
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x)


class TransformerDecoder(nn.Module):
    """Layers in which a token attends to no later one, and to all of another sequence.

    Arguments and errors as of `TransformerEncoder`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        d_ff: int | None = None,
        dropout: float = 0.0,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        _require_layers(n_layers)
        self.layers = nn.ModuleList(
            DecoderLayer(
                d_model, n_heads, d_ff=d_ff, dropout=dropout, norm_first=norm_first
            )
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(d_model) if norm_first else nn.Identity()

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        attention_mask: Tensor | None = None,
        context_mask: Tensor | None = None,
    ) -> Tensor:
        """Let what is written so far attend to itself and to what was read.

        Args:
            x: embeddings, positions added already, (batch, n, d_model).
            context: the encoder's output, (batch, m, d_model).
            attention_mask: booleans, (batch, n), True where ``x`` is no padding.
            context_mask: the same for ``context``, (batch, m).

        Returns:
            The sequences, (batch, n, d_model).

        Raises:
            TypeError: a mask is not boolean.
            ValueError: a mask does not have the shape of its sequence.
        """
        n = x.shape[1]
        mask = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()  # causal
        padding = _over_keys(x, attention_mask)
        if padding is not None:
            mask = mask & padding  # (batch, 1, n, n)
        context_mask = _over_keys(context, context_mask)
        for layer in self.layers:
            x = layer(x, context, mask, context_mask)
        return self.norm(x)


class Transformer(nn.Module):
    """Reads one sequence of tokens and writes another.

    The scores of the next token are dot products with the target's own embeddings
    (section 3.4), which start small enough for that, and are scaled up as inputs.

    Args:
        source_vocab_size: number of tokens that may be read.
        target_vocab_size: number of tokens that may be written.
        d_model: size of a position's vector; even.
        n_heads: heads of each attention.
        n_layers: layers of the encoder, and as many of the decoder.
        d_ff: size of the feed-forward parts' hidden layers, ``4 * d_model`` if None.
        dropout: probability that a number is dropped in training.
        norm_first: pre-norm, or else post-norm.

    Raises:
        ValueError: ``n_heads`` does not divide ``d_model``, ``d_model`` is odd, or
            there is no layer.
    """

    def __init__(
        self,
        source_vocab_size: int,
        target_vocab_size: int,
        *,
        d_model: int = 512,
        n_heads: int = 8,
        n_layers: int = 6,
        d_ff: int | None = None,
        dropout: float = 0.1,
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        sinusoidal_positions(0, d_model)  # refuses an odd d_model at once
        self.source_embedding = nn.Embedding(source_vocab_size, d_model)
        self.target_embedding = nn.Embedding(target_vocab_size, d_model)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=d_model**-0.5)
        self.dropout = nn.Dropout(dropout)
        self.encoder = TransformerEncoder(
            d_model,
            n_heads,
            n_layers,
            d_ff=d_ff,
            dropout=dropout,
            norm_first=norm_first,
        )
        self.decoder = TransformerDecoder(
            d_model,
            n_heads,
            n_layers,
            d_ff=d_ff,
            dropout=dropout,
            norm_first=norm_first,
        )

    def encode(self, source: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Read: the encoder's output, (batch, m, d_model).

        Args:
            source: token ids, (batch, m).
            source_mask: booleans, (batch, m), True where a token is no padding.
        """
        return self.encoder(self._embed(self.source_embedding, source), source_mask)

    def decode(
        self,
        target: Tensor,
        context: Tensor,
        target_mask: Tensor | None = None,
        source_mask: Tensor | None = None,
    ) -> Tensor:
        """Write: logits of the token after each, (batch, n, target_vocab_size).

        Args:
            target: ids of the tokens written so far, (batch, n); first a start token.
            context: what `encode` gave, (batch, m, d_model).
            target_mask: booleans, (batch, n), True where a token is no padding.
            source_mask: the same for the source, (batch, m).
        """
        x = self._embed(self.target_embedding, target)
        y = self.decoder(x, context, target_mask, source_mask)  # (batch, n, d_model)
        return y @ self.target_embedding.weight.T

    def forward(
        self,
        source: Tensor,
        target: Tensor,
        source_mask: Tensor | None = None,
        target_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits of the token after each position of ``target``, all at once.

        Args:
            source: token ids, (batch, m).
            target: what was written, shifted right: a start token first, (batch, n).
            source_mask: booleans, (batch, m), True where a token is no padding.
            target_mask: the same for the target, (batch, n).

        Returns:
            Logits, (batch, n, target_vocab_size).

        Raises:
            TypeError: a mask is not boolean.
            ValueError: a mask does not have its sequence's shape.
        """
        context = self.encode(source, source_mask)
        return self.decode(target, context, target_mask, source_mask)

    def _embed(self, embedding: nn.Embedding, ids: Tensor) -> Tensor:
        x = embedding(ids)  # (batch, n, d_model)
        n, d_model = x.shape[1:]
        positions = sinusoidal_positions(n, d_model, device=x.device, dtype=x.dtype)
        return self.dropout(math.sqrt(d_model) * x + positions)


def _require_layers(n_layers: int) -> None:
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}: it must be at least 1")


def _over_keys(x: Tensor, attention_mask: Tensor | None) -> Tensor | None:
    """No query may attend to padding: (batch, n) to (batch, 1, 1, n)."""
    if attention_mask is None:
        return None
    if attention_mask.shape != x.shape[:2]:
        raise ValueError(
            f"the attention mask has shape {tuple(attention_mask.shape)}, "
            f"but its sequences {tuple(x.shape[:2])}"
        )
    if attention_mask.dtype != torch.bool:
        raise TypeError(
            f"the attention mask holds {attention_mask.dtype}: give booleans, "
            "True where a token is real"
        )
    return attention_mask[:, None, None, :]
