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


def output_size(n: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    """How many positions a window has on ``n`` pixels; below 1 if none.

    Args:
        n: pixels along one side.
        kernel_size: pixels along the window's side.
        stride: pixels from one position to the next.
        padding: pixels of zeros added at each end.
    """
    return (n + 2 * padding - kernel_size) // stride + 1


class CNN(nn.Module):
    """A classifier of images: stages of convolution and pooling, then dense layers.

    Each stage has a convolution (stride 1), a ReLU, and a maximum over windows of
    2 × 2, which halves height and width. ``CNN(32, 10)`` has LeNet-5's sizes.

    Args:
        image_size: pixels along a side of the square images.
        num_classes: number of classes.
        in_channels: numbers that stand for one pixel, 1 for grey and 3 for colour.
        filters: of each stage, in order.
        kernel_size: pixels along a filter's side.
        padding: pixels of zeros around each stage's input; ``kernel_size // 2`` keeps
            the size when ``kernel_size`` is odd.
        hidden: sizes of the dense layers between the last stage and the logits.

    Raises:
        ValueError: a size is below 1, there is no stage, or nothing is left of the
            image after the last one.
    """

    def __init__(
        self,
        image_size: int,
        num_classes: int,
        *,
        in_channels: int = 1,
        filters: Sequence[int] = (6, 16),
        kernel_size: int = 5,
        padding: int = 0,
        hidden: Sequence[int] = (120, 84),
    ) -> None:
        super().__init__()
        sizes = (image_size, num_classes, in_channels, kernel_size, *filters, *hidden)
        if not filters or min(sizes) < 1:
            raise ValueError("every size must be at least 1, and filters not empty")
        if padding < 0:
            raise ValueError(f"padding is {padding}, less than none")
        self.image_size, self.in_channels = image_size, in_channels
        side = image_size
        for _ in filters:
            side = output_size(side, kernel_size, padding=padding) // 2
        if side < 1:
            raise ValueError(
                f"images of {image_size} × {image_size} vanish in {len(filters)} "
                f"stages with a kernel of {kernel_size} and a padding of {padding}"
            )
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size, padding=padding)
            for before, after in pairwise((in_channels, *filters))
        )
        widths = (filters[-1] * side * side, *hidden, num_classes)
        self.dense = nn.ModuleList(
            nn.Linear(before, after) for before, after in pairwise(widths)
        )

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        """The feature maps of each stage, before pooling.

        Args:
            x: images, (batch, in_channels, image_size, image_size).

        Returns:
            For each stage, after the ReLU, (batch, filters, height, width).

        Raises:
            ValueError: the images have another shape.
        """
        right = (self.in_channels, self.image_size, self.image_size)
        if x.ndim != 4 or tuple(x.shape[1:]) != right:
            raise ValueError(
                f"images have shape {tuple(x.shape)}, not (batch, "
                f"{', '.join(map(str, right))})"
            )
        maps: list[Tensor] = []
        for convolution in self.convolutions:
            h = F.relu(convolution(x))  # (batch, filters, height, width)
            maps.append(h)
            x = F.max_pool2d(h, 2)  # (batch, filters, height / 2, width / 2)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (batch, num_classes).

        Args:
            x: images, (batch, in_channels, image_size, image_size).

        Raises:
            ValueError: the images have another shape.
        """
        h = F.max_pool2d(self.feature_maps(x)[-1], 2).flatten(1)
        for layer in self.dense[:-1]:
            h = F.relu(layer(h))
        return self.dense[-1](h)
