"""A convolutional network of LeNet's kind: convolve, rectify, pool, then dense layers.

LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document
Recognition", Proceedings of the IEEE 86(11), 1998, section II. Where LeNet-5 squashes
and averages, this rectifies and takes the maximum, as is usual today; its second
convolution sees all maps of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F


def output_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """How many places a window of ``kernel`` has on ``n`` pixels; below 1 if none.

    Args:
        n: pixels along one side.
        kernel: pixels along the window's side.
        stride: pixels from one place to the next.
        padding: pixels of zeros added at each end.
    """
    return (n + 2 * padding - kernel) // stride + 1


class CNN(nn.Module):
    """A classifier of pictures: stages of convolution and pooling, then dense layers.

    Each stage has a convolution (stride 1), a ReLU, and a maximum over windows of
    2 × 2, which halves height and width. ``CNN(32, 10)`` has LeNet-5's sizes.

    Args:
        size: pixels along a side of the square pictures.
        classes: number of classes.
        channels: numbers that stand for one pixel, 1 for grey and 3 for colour.
        filters: of each stage, in order.
        kernel: pixels along a filter's side.
        padding: pixels of zeros around each stage's input; ``kernel // 2`` keeps the
            size when ``kernel`` is odd.
        hidden: sizes of the dense layers between the last stage and the logits.

    Raises:
        ValueError: a size is below 1, there is no stage, or nothing is left of the
            picture after the last one.
    """

    def __init__(
        self,
        size: int,
        classes: int,
        *,
        channels: int = 1,
        filters: Sequence[int] = (6, 16),
        kernel: int = 5,
        padding: int = 0,
        hidden: Sequence[int] = (120, 84),
    ) -> None:
        super().__init__()
        if not filters or min(size, classes, channels, kernel, *filters, *hidden) < 1:
            raise ValueError("every size must be at least 1, and filters not empty")
        if padding < 0:
            raise ValueError(f"padding is {padding}, less than none")
        self.size, self.channels = size, channels
        side = size
        for _ in filters:
            side = output_size(side, kernel, padding=padding) // 2
        if side < 1:
            raise ValueError(
                f"pictures of {size} × {size} vanish in {len(filters)} stages with a "
                f"kernel of {kernel} and a padding of {padding}"
            )
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, kernel, padding=padding)
            for before, after in pairwise((channels, *filters))
        )
        widths = (filters[-1] * side * side, *hidden, classes)
        self.dense = nn.ModuleList(
            nn.Linear(before, after) for before, after in pairwise(widths)
        )

    def maps(self, x: Tensor) -> list[Tensor]:
        """What each stage's filters answer, before pooling.

        Args:
            x: pictures, (batch, channels, size, size).

        Returns:
            For each stage the rectified feature maps, (batch, filters, height, width).

        Raises:
            ValueError: the pictures have another shape.
        """
        right = (self.channels, self.size, self.size)
        if x.ndim != 4 or tuple(x.shape[1:]) != right:
            raise ValueError(
                f"pictures have shape {tuple(x.shape)}, not (batch, "
                f"{', '.join(map(str, right))})"
            )
        found: list[Tensor] = []
        for convolution in self.convolutions:
            h = F.relu(convolution(x))  # (batch, filters, height, width)
            found.append(h)
            x = F.max_pool2d(h, 2)  # (batch, filters, height / 2, width / 2)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (batch, classes), of pictures ``x``, (batch, channels, size, size).

        Raises:
            ValueError: the pictures have another shape.
        """
        h = F.max_pool2d(self.maps(x)[-1], 2).flatten(1)
        for layer in self.dense[:-1]:
            h = F.relu(layer(h))
        return self.dense[-1](h)
