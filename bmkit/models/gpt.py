"""GPT: a Transformer decoder that guesses the next token.

Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.3
(layer norm before each block, residual layers scaled down at the start); Press and
Wolf, "Using the Output Embedding to Improve Language Models", EACL 2017 (one matrix for
reading and writing tokens).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CausalSelfAttention(nn.Module):
    """Every place looks at itself and at what came before.

    Args:
        d: numbers that stand for one place, in and out.
        heads: how many attentions; each works on ``d // heads`` numbers.
        dropout: share of weights and outputs put to zero while training.

    Raises:
        ValueError: ``heads`` is below 1 or does not divide ``d``.
    """

    def __init__(self, d: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if heads < 1 or d % heads:
            raise ValueError(f"{heads} heads cannot share {d} numbers evenly")
        self.heads = heads
        self.dropout = dropout
        self.project = nn.Linear(d, 3 * d)  # queries, keys and values in one product
        self.output = nn.Linear(d, d)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n, d) to (batch, n, d)."""
        parts = self.project(x).unflatten(-1, (3, self.heads, -1))
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # each (batch, heads, n, d/heads)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        y = self.output(y.transpose(1, 2).flatten(2))  # (batch, n, d)
        return F.dropout(y, self.dropout, self.training)


class Block(nn.Module):
    """Look around, then think: each adds to what is there.

    Args:
        d: numbers that stand for one place.
        heads: of the attention.
        dropout: share put to zero while training.
    """

    def __init__(self, d: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.attention = CausalSelfAttention(d, heads, dropout)
        self.norm2 = nn.LayerNorm(d)
        self.wide = nn.Linear(d, 4 * d)
        self.narrow = nn.Linear(4 * d, d)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n, d) to (batch, n, d)."""
        x = x + self.attention(self.norm1(x))
        y = self.narrow(F.gelu(self.wide(self.norm2(x))))
        return x + F.dropout(y, self.dropout, self.training)


class GPT(nn.Module):
    """A language model over token numbers.

    Args:
        vocabulary: how many tokens there are.
        context: how many places it can see at most.
        d: numbers that stand for one place.
        heads: of each attention.
        layers: how many blocks.
        dropout: share put to zero while training.

    Raises:
        ValueError: ``heads`` does not divide ``d``.
    """

    def __init__(
        self,
        vocabulary: int,
        context: int,
        *,
        d: int = 128,
        heads: int = 4,
        layers: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.context = context
        self.tokens = nn.Embedding(vocabulary, d)
        self.places = nn.Embedding(context, d)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(d, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(d)
        self._start()

    def _start(self) -> None:
        """Small random weights; the sum over all blocks starts as small as one."""
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                last = name.endswith(("output.weight", "narrow.weight"))
                shrink = math.sqrt(2 * len(self.blocks)) if last else 1.0
                nn.init.normal_(weight, std=0.02 / shrink)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, ids: Tensor) -> Tensor:
        """What may come next, at every place.

        Args:
            ids: token numbers, (batch, n), n at most ``context``.

        Returns:
            Logits, (batch, n, vocabulary): those at place t are for token t + 1.

        Raises:
            ValueError: more places than it can see.
        """
        n = ids.shape[1]
        if n > self.context:
            raise ValueError(f"{n} places, but it sees {self.context}: cut the front")
        places = torch.arange(n, device=ids.device)
        x = self.dropout(self.tokens(ids) + self.places(places))  # (batch, n, d)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T

    @torch.no_grad()
    def generate(
        self,
        ids: Tensor,
        steps: int,
        *,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Continue a text, one token at a time.

        Args:
            ids: how it begins, (batch, n), n at least 1.
            steps: how many tokens to add.
            temperature: above 1 more daring, below 1 safer; 0 takes the likeliest.
            generator: draws the tokens; PyTorch's own when none is given.

        Returns:
            The beginning and what follows, (batch, n + steps).

        Raises:
            ValueError: the temperature is below 0.
        """
        if temperature < 0:
            raise ValueError(f"the temperature is {temperature}: 0 or more")
        was = self.training
        self.eval()
        for _ in range(steps):
            logits = self(ids[:, -self.context :])[:, -1]  # (batch, vocabulary)
            if temperature:
                chances = (logits / temperature).softmax(-1)
                following = torch.multinomial(chances, 1, generator=generator)
            else:
                following = logits.argmax(-1, keepdim=True)
            ids = torch.cat([ids, following], dim=1)
        self.train(was)
        return ids
