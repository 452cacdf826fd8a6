"""TextCNN: filters slide over a sentence, each reports its strongest response.

Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TextCNN(nn.Module):
    """Embedding, convolutions of several widths, max over time, one linear layer.

    Token 0 is padding: its embedding is zero and is not trained. The other embeddings
    start small, with a standard deviation of 0.1: PyTorch's default of 1 starts with
    large logits and costs accuracy when there is little text to learn from.

    Args:
        vocab_size: number of tokens, padding and unknown included.
        num_classes: number of classes.
        embedding_dim: size of a token's vector.
        widths: how many neighbouring tokens a filter of each group sees.
        filters: filters of each width.
        dropout: probability that a feature is dropped in training.

    Raises:
        ValueError: a size is below 1 or there is no width.
    """

    def __init__(
        self,
        vocab_size: int,
        num_classes: int,
        *,
        embedding_dim: int = 64,
        widths: Sequence[int] = (2, 3, 4),
        filters: int = 64,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        sizes = (vocab_size, num_classes, embedding_dim, filters, *widths)
        if not widths or min(sizes) < 1:
            raise ValueError("every size must be at least 1, and widths not empty")
        self.widths = tuple(widths)
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.mul_(0.1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(embedding_dim, filters, width) for width in self.widths
        )
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(filters * len(self.widths), num_classes)

    def feature_maps(self, ids: Tensor) -> list[Tensor]:
        """How strongly each filter answers at each position, one tensor a width.

        Args:
            ids: token ids, (batch, n), n at least the largest width.

        Returns:
            For each width ``h``, after the ReLU, (batch, filters, n - h + 1).

        Raises:
            ValueError: a sentence is shorter than the widest filter.
        """
        if ids.shape[1] < max(self.widths):
            raise ValueError(
                f"sentences of {ids.shape[1]} tokens are shorter than the widest "
                f"filter, {max(self.widths)}: pad them"
            )
        x = self.embedding(ids).transpose(1, 2)  # (batch, embedding_dim, n)
        return [F.relu(convolution(x)) for convolution in self.convolutions]

    def features(self, ids: Tensor) -> Tensor:
        """The maximum over time of each feature map, (batch, filters * len(widths))."""
        return torch.cat([c.amax(dim=2) for c in self.feature_maps(ids)], dim=1)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits, (batch, num_classes), of token ids ``ids``, (batch, n)."""
        return self.output(self.dropout(self.features(ids)))
