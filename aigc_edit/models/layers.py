"""Layers of nets that paint frames.

What is small is enlarged by bilinear resizing and a convolution, which leaves no lattice (Odena et
al. 2016, "Deconvolution and checkerboard artifacts"), and all borders are mirrored.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

LEAK = 0.1
Net = TypeVar("Net", bound=nn.Module)
# For both places that a pixel becomes (0, 1), what each of three neighbours there (-1, 0, 1) takes
# of three neighbours before (-1, 0, 1).
_RESIZING = (
    ((0.75, 0.25, 0.0), (0.25, 0.75, 0.0), (0.0, 0.75, 0.25)),
    ((0.25, 0.75, 0.0), (0.0, 0.75, 0.25), (0.0, 0.25, 0.75)),
)


def placed(net: Net, device: torch.device | str) -> Net:
    """The net on a device, its weights in the order of memory that convolutions like."""
    moved: Net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def padded_side(side: int, stride: int) -> int:
    """The side that a net of that stride works on; a mirrored border needs a neighbour."""
    return max(2 * stride, -(-side // stride) * stride)


def mirrored(frames: Tensor, height: int, width: int) -> Tensor:
    """Frames made larger to the right and below by mirrors, to and fro, however small they are."""
    for dim, side in ((-2, height), (-1, width)):
        length = frames.shape[dim]
        if side > length:
            places = torch.arange(side, device=frames.device) % max(1, 2 * length - 2)
            frames = frames.index_select(dim, torch.minimum(places, 2 * length - 2 - places))
    return frames


class Residual(nn.Module):
    """x + f(x), where f begins as nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv3(width, width), conv3(width, width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(F.leaky_relu_(self.first(x), LEAK))
        return x + change


class Enlarged(nn.Module):
    """Twice as wide and high: a convolution of what bilinear resizing makes of its input.

    Both are linear, so they are one convolution of the small picture for each of the four places
    that a pixel becomes: as much arithmetic, and no large picture is written and read again.
    """

    resizing: Tensor

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0) -> None:
        super().__init__()
        self.conv = conv3(inputs, outputs, gain=gain)
        self.register_buffer("resizing", torch.tensor(_RESIZING), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        kernels = torch.einsum(
            "oiyx,pya,qxb->opqiab", self.conv.weight, self.resizing, self.resizing
        )
        biases = self.conv.get_parameter("bias").repeat_interleave(4)
        around = bordered(F.leaky_relu(x, LEAK))
        return F.pixel_shuffle(F.conv2d(around, kernels.flatten(0, 2), biases), 2)


class Mirroring(nn.Conv2d):
    """A convolution of 3 x 3 over pictures with mirrored borders."""

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(bordered(x), self.weight, self.bias, self.stride)


def bordered(x: Tensor) -> Tensor:
    """With a mirror's pixel on each side: float [T, C, H, W], two pixels a side at least.

    As `reflect` pads it, which autocast would do in float32, to and fro.
    """
    high = torch.cat([x[..., 1:2, :], x, x[..., -2:-1, :]], -2)
    return torch.cat([high[..., 1:2], high, high[..., -2:-1]], -1)


def conv3(inputs: int, outputs: int, stride: int = 1, gain: float = 1.0) -> nn.Conv2d:
    conv = Mirroring(inputs, outputs, 3, stride)
    nn.init.kaiming_normal_(conv.weight, LEAK)
    conv.weight.data.mul_(gain)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv
