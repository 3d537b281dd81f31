"""Which numbers a model has for black and white."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Range = Literal["unit", "signed", "bytes"]
LIMITS: Mapping[Range, tuple[float, float]] = {
    "unit": (0.0, 1.0),
    "signed": (-1.0, 1.0),
    "bytes": (0.0, 255.0),
}
_LOUD = 300.0  # beyond what any model takes, so that whatever limits its output does so
_SLACK = 0.01  # of a range: rounding, and float16
_MANY = 8.0  # what [0, 1] never becomes, and a picture in bytes surely reaches


@dataclass(frozen=True)
class Found:
    """The range of a model, and whether it was seen or only taken for likely."""

    range: Range
    sure: bool


def shown_as(frames: Tensor, name: Range) -> Tensor:
    """Frames in [0, 1] in the numbers of a range."""
    low, high = LIMITS[name]
    return frames * (high - low) + low


def seen_from(values: Tensor, name: Range) -> Tensor:
    """Numbers of a range as frames in [0, 1]; what exceeds it stays beyond."""
    low, high = LIMITS[name]
    return (values - low) / (high - low)


def found_range(model: Callable[[Tensor], Tensor], sides: tuple[int, int]) -> Found:
    """The range that a model gives, and so takes, by what it makes of a picture.

    A model that ends in tanh, sigmoid or a clip shows its limits where it gets far too much. Of
    the others those that give much more than 1 for a picture in [0, 1] work in bytes, and the
    rest is taken for [0, 1], though it may be [-1, 1].
    """
    picture = chart(*sides)
    loud = model((picture * 2 - 1) * _LOUD)
    for name, (low, high) in LIMITS.items():
        slack = (high - low) * _SLACK
        if loud.min() >= low - slack and loud.max() <= high + slack:
            return Found(name, sure=True)
    if model(picture).max() > _MANY:
        return Found("bytes", sure=True)
    return Found("unit", sure=False)


def chart(height: int, width: int) -> Tensor:
    """Ramps and a chequer, float32 [1, 3, height, width] in [0, 1]."""
    down = torch.arange(height)[:, None].expand(height, width)
    across = torch.arange(width).expand(height, width)
    chequer = (down // 8 + across // 8) % 2
    return torch.stack((down / height, across / width, chequer))[None]
