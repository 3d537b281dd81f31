"""How far pictures are from a painting's manner: the sliced Wasserstein distance of patches.

Rabin et al. 2011, "Wasserstein barycenter and its application to texture mixing"; for patches
Elnekave & Weiss 2022, "Generating natural images with direct patch distribution matching".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

LEAST_SIDE = 64  # pixels: the coarsest scale still has places for a patch
_SIDE = 7  # of a patch; pixels of its scale
_SCALES = 3  # whole, a half, a quarter: patches of 7, 14 and 28 pixels
_PATCHES = 16_384  # drawn at each scale
# Directions come as whole orthonormal bases, which tell as much as many more drawn freely
# (Rowland et al. 2019, "Orthogonal estimation of Wasserstein distances").
_BASES = 1
_SEED = 1


@dataclass(frozen=True)
class StyleDistance:
    """0: the same patches as the painting. 1: as far as a picture of its mean colour alone.

    Attributes:
        total: of patches as they are, so colours and light and dark count most.
        texture: of what a blur takes away (patches of a Laplacian pyramid, as Karras et al. 2018,
            arXiv 1710.10196, compare them): strokes and lines; a change of colours hardly counts.
    """

    total: float
    texture: float


class Manner:
    """A painting's patches, which frames are compared with; float [3, H, W], RGB in [0, 1]."""

    def __init__(self, painting: Tensor) -> None:
        self._bands = [_Projected.of(patches) for patches in _patches([painting])]

    def distance(self, frames: Sequence[Tensor]) -> StyleDistance:
        """Of frames together; each float [3, H, W], RGB in [0, 1], sides of 64 at least.

        At each scale: the root mean square, over directions, of the 2-Wasserstein distance between
        projections, in units of how far the painting's own patches lie from their mean; the mean
        over scales. No size of a picture matters, since all give as many patches.
        """
        found = [
            band.distance(patches)
            for band, patches in zip(self._bands, _patches(frames), strict=True)
        ]
        return StyleDistance(_mean(found[0::2]), _mean(found[1::2]))


@dataclass(frozen=True)
class _Projected:
    """Patches along many directions; float [directions, patches], sorted."""

    sorted: Tensor
    spread: Tensor

    @classmethod
    def of(cls, patches: Tensor) -> _Projected:
        made = _sorted(patches)
        return cls(made, made.var(1).mean().sqrt().clamp(min=1e-6))

    def distance(self, patches: Tensor) -> float:
        apart = (_sorted(patches) - self.sorted).square().mean().sqrt()
        return float(apart / self.spread)


def _sorted(patches: Tensor) -> Tensor:
    """float [directions, N] of [N, D]."""
    random = torch.Generator().manual_seed(_SEED)
    drawn = torch.randn(_BASES, patches.shape[1], patches.shape[1], generator=random)
    directions = torch.linalg.qr(drawn)[0].flatten(0, 1)
    return torch.from_numpy(np.sort((directions @ patches.T).numpy(), axis=1))  # 4 x torch's speed


def _patches(frames: Sequence[Tensor]) -> Iterator[Tensor]:
    """At each scale patches as they are, then without what a blur leaves; float [N, D]."""
    random = torch.Generator().manual_seed(_SEED)
    ends = [_PATCHES * number // len(frames) for number in range(len(frames) + 1)]
    shares = [end - start for start, end in pairwise(ends)]
    found = [_of_frame(frame, share, random) for frame, share in zip(frames, shares, strict=True)]
    for band in zip(*found, strict=True):
        yield torch.cat(band)


def _of_frame(frame: Tensor, count: int, random: torch.Generator) -> list[Tensor]:
    found = []
    for picture in _scales(frame):
        small = F.avg_pool2d(picture[None], 2)
        blurred = F.interpolate(small, picture.shape[-2:], mode="bilinear")[0]
        places = _places(picture, count, random)
        found += [_cut(picture, places), _cut(picture - blurred, places)]
    return found


def _scales(frame: Tensor) -> Iterator[Tensor]:
    for scale in range(_SCALES):
        yield F.avg_pool2d(frame[None], 2**scale)[0]


def _places(picture: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Top left corners within a picture; int [2, count]."""
    room = torch.tensor(picture.shape[-2:]) - _SIDE + 1
    return (torch.rand(2, count, generator=random) * room[:, None]).long()


def _cut(picture: Tensor, places: Tensor) -> Tensor:
    """float [count, 3 * 7 * 7]."""
    steps = torch.arange(_SIDE)
    rows, columns = places[0, :, None, None] + steps[:, None], places[1, :, None, None] + steps
    return picture[:, rows, columns].transpose(0, 1).flatten(1)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
