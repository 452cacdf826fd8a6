"""GPT: a Transformer decoder that predicts the next token.

Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.3
(layer norm before each block, residual layers scaled down at the start); Press and
Wolf, "Using the Output Embedding to Improve Language Models", EACL 2017 (one matrix for
the token embedding and the output layer). The parts are those of nanoGPT's model.py,
where ``qkv`` is ``c_attn``, ``fc`` is ``c_fc`` and ``proj`` is ``c_proj``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CausalSelfAttention(nn.Module):
    """Every position attends to itself and to what came before.

    Args:
        d_model: size of a position's vector, in and out.
        n_heads: how many attentions; each works on ``d_model // n_heads`` numbers.
        dropout: probability that a weight or an output is dropped in training.

    Raises:
        ValueError: ``n_heads`` is below 1 or does not divide ``d_model``.
    """

    def __init__(self, d_model: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"d_model {d_model} is not divisible by n_heads {n_heads}")
        self.n_heads = n_heads
        self.dropout = dropout
        self.qkv = nn.Linear(d_model, 3 * d_model)  # all three in one matrix product
        self.proj = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n, d_model) to (batch, n, d_model)."""
        q, k, v = (
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for part in self.qkv(x).chunk(3, -1)
        )  # each (batch, n_heads, n, d_model / n_heads)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        y = self.proj(y.transpose(1, 2).flatten(2))  # (batch, n, d_model)
        return F.dropout(y, self.dropout, self.training)


class Block(nn.Module):
    """Self-attention, then a feed-forward part: each is added to what is there.

    Args:
        d_model: size of a position's vector.
        n_heads: heads of the attention.
        dropout: probability that a number is dropped in training.
    """

    def __init__(self, d_model: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = CausalSelfAttention(d_model, n_heads, dropout)
        self.norm2 = nn.LayerNorm(d_model)
        self.fc = nn.Linear(d_model, 4 * d_model)
        self.proj = nn.Linear(4 * d_model, d_model)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n, d_model) to (batch, n, d_model)."""
        x = x + self.attention(self.norm1(x))
        y = self.proj(F.gelu(self.fc(self.norm2(x))))
        return x + F.dropout(y, self.dropout, self.training)


class GPT(nn.Module):
    """A language model over token ids.

    Args:
        vocab_size: how many tokens there are.
        context_length: positions it can see at most (nanoGPT's ``block_size``).
        d_model: size of a position's vector.
        n_heads: heads of each attention.
        n_layers: how many blocks.
        dropout: probability that a number is dropped in training.

    Raises:
        ValueError: ``n_heads`` does not divide ``d_model``.
    """

    def __init__(
        self,
        vocab_size: int,
        context_length: int,
        *,
        d_model: int = 128,
        n_heads: int = 4,
        n_layers: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.context_length = context_length
        self.token_embedding = nn.Embedding(vocab_size, d_model)
        self.position_embedding = nn.Embedding(context_length, d_model)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(d_model, n_heads, dropout) for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(d_model)
        self.init_weights()

    def init_weights(self) -> None:
        """Draw small weights; the sum over all blocks starts as small as one."""
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                residual = name.endswith("proj.weight")
                shrink = math.sqrt(2 * len(self.blocks)) if residual else 1.0
                nn.init.normal_(weight, std=0.02 / shrink)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Predict the next token at every position.

        Args:
            ids: token ids, (batch, n), n at most ``context_length``.

        Returns:
            Logits, (batch, n, vocab_size): those at position t are for token t + 1.

        Raises:
            ValueError: there are more than ``context_length`` positions.
        """
        n = ids.shape[1]
        if n > self.context_length:
            raise ValueError(
                f"{n} tokens are longer than context_length {self.context_length}: "
                "cut the front"
            )
        positions = torch.arange(n, device=ids.device)
        x = self.token_embedding(ids) + self.position_embedding(positions)
        x = self.dropout(x)  # (batch, n, d_model)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.token_embedding.weight.T

    @torch.no_grad()
    def generate(
        self,
        ids: Tensor,
        max_new_tokens: int,
        *,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Continue a text, one token at a time.

        Args:
            ids: the prompt, (batch, n), n at least 1.
            max_new_tokens: how many tokens to add; there is no stop token.
            temperature: above 1 flattens the distribution, below 1 sharpens it; 0 takes
                the most likely token.
            generator: draws the tokens; PyTorch's own when none is given.

        Returns:
            The prompt and what follows, (batch, n + max_new_tokens).

        Raises:
            ValueError: the temperature is below 0.
        """
        if temperature < 0:
            raise ValueError(f"the temperature is {temperature}: 0 or more")
        was_training = self.training
        self.eval()
        for _ in range(max_new_tokens):
            logits = self(ids[:, -self.context_length :])[:, -1]  # (batch, vocab_size)
            if temperature:
                probabilities = (logits / temperature).softmax(-1)
                next_ids = torch.multinomial(probabilities, 1, generator=generator)
            else:
                next_ids = logits.argmax(-1, keepdim=True)
            ids = torch.cat([ids, next_ids], dim=1)
        self.train(was_training)
        return ids
