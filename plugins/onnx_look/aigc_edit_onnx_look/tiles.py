"""Frames of any size through a model of sides of its own: padded, in tiles, or resized."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

Painting = Callable[[Tensor], Tensor]
_LEAST = 4  # overlaps, and multiples, that a tile is wide at least
_SMALLEST = 32  # pixels of a side; what pads by mirrors inside fails at very few
_UNSEEN = 3 / 8  # of an overlap: the edge of a tile, where a model misses what lies outside


@dataclass(frozen=True)
class Cuts:
    """Tiles along one side of a frame.

    Attributes:
        side: length of each, pixels.
        starts: where they begin; the last one ends where the frame does.
        overlap: in which neighbours are blended, pixels.
    """

    side: int
    starts: tuple[int, ...]
    overlap: int

    @classmethod
    def of(
        cls, length: int, most: int, overlap: int, multiple: int, *, fixed: bool = False
    ) -> Cuts:
        """As few tiles as will do, of at most `most` pixels, or of exactly so many.

        All of these are multiples of `multiple` but the overlap, so that tiles see the same grid
        as the whole frame does.
        """
        overlap = min(overlap, most // _LEAST)
        if length <= most:
            return cls(length, (0,), overlap)
        lost = multiple - 1  # of an overlap at most, since starts are rounded down
        count = -(-(length - overlap) // (most - overlap - lost))
        even = -(-(length - overlap) // count) + overlap + lost
        side = most if fixed else raised(even, multiple)
        apart = ((length - side) * n // (count - 1) for n in range(count))
        return cls(side, tuple(at // multiple * multiple for at in apart), overlap)

    @property
    def length(self) -> int:
        """Of all of them together, pixels."""
        return self.starts[-1] + self.side

    def weights(self, scale: int) -> list[Tensor]:
        """How much of each tile's pixels shows, float32 [side * scale]; they sum to 1."""
        shares = [
            self._share(scale, first=at == 0, last=at == self.starts[-1]) for at in self.starts
        ]
        places = [slice(at * scale, (at + self.side) * scale) for at in self.starts]
        total = torch.zeros(self.length * scale)
        for place, share in zip(places, shares, strict=True):
            total[place] += share
        return [share / total[place] for place, share in zip(places, shares, strict=True)]

    def _share(self, scale: int, *, first: bool, last: bool) -> Tensor:
        """1 inside, falling to 0 within the overlap where there is a neighbour."""
        inside = torch.arange(self.side * scale) + 0.5
        overlap = self.overlap * scale
        unseen = overlap * _UNSEEN
        rises = ((inside - unseen) / max(1.0, overlap - 2 * unseen)).clamp(0, 1)
        nothing = torch.ones_like(inside)
        return (nothing if first else rises) * (nothing if last else rises.flip(0))


@dataclass(frozen=True)
class Canvas:
    """How frames of one size go through a model.

    Attributes:
        width, height: of the frames.
        multiple: of the sides that the model takes; others are padded by mirrors.
        scale: of the sides of what comes out.
        sides: height and width, where the model takes no others.
        tile: pixels of a frame that goes in whole.
        overlap: of tiles, pixels.
    """

    width: int
    height: int
    multiple: int
    scale: int
    sides: tuple[int, int] | None
    tile: int
    overlap: int

    @property
    def resizes(self) -> bool:
        """Whether frames are made as large as the model wants them, and back."""
        size = (self.height, self.width)
        return self.sides not in (None, size) and self.width * self.height <= self.tile

    def painted(self, model: Painting, frames: Tensor) -> Tensor:
        """What a model makes of frames: float32 [T, 3, height, width], then `scale` times so."""
        height, width = self.height * self.scale, self.width * self.scale
        if self.resizes:
            assert self.sides is not None
            return resized(model(resized(frames, *self.sides)), height, width)
        high, wide = self.sides or (None, None)
        rows, columns = self._cuts(self.height, high), self._cuts(self.width, wide)
        whole = _mirrored(frames, rows.length, columns.length)
        if rows.starts == columns.starts == (0,):
            return model(whole)[..., :height, :width]
        return self._tiled(model, whole, rows, columns)[..., :height, :width]

    def _cuts(self, length: int, fixed: int | None) -> Cuts:
        if fixed is not None:
            return Cuts.of(max(length, fixed), fixed, self.overlap, self.multiple, fixed=True)
        padded = raised(max(length, _SMALLEST), self.multiple)
        side = max(_LEAST, math.isqrt(self.tile) // self.multiple) * self.multiple
        whole = self.width * self.height <= self.tile
        return Cuts.of(padded, padded if whole else side, self.overlap, self.multiple)

    def _tiled(self, model: Painting, frames: Tensor, rows: Cuts, columns: Cuts) -> Tensor:
        scale = self.scale
        canvas = frames.new_zeros(*frames.shape[:2], rows.length * scale, columns.length * scale)
        down, across = ([w.to(frames) for w in cuts.weights(scale)] for cuts in (rows, columns))
        for top, high in zip(rows.starts, down, strict=True):
            for left, wide in zip(columns.starts, across, strict=True):
                tile = frames[..., top : top + rows.side, left : left + columns.side]
                place = canvas[..., top * scale :, left * scale :]
                place[..., : len(high), : len(wide)] += model(tile) * high[:, None] * wide
        return canvas


def raised(side: int, multiple: int) -> int:
    """The next multiple."""
    return -(-side // multiple) * multiple


def resized(frames: Tensor, height: int, width: int) -> Tensor:
    """Frames of another size; smoothed where they become smaller."""
    if frames.shape[-2:] == (height, width):
        return frames
    return F.interpolate(frames, (height, width), mode="bilinear", antialias=True)


def _mirrored(frames: Tensor, height: int, width: int) -> Tensor:
    """Frames that go on as mirrors on the right and below, however far."""
    for axis, wanted in ((-2, height), (-1, width)):
        side = frames.shape[axis]
        if wanted > side:
            to_and_fro = [*range(side), *range(side - 2, 0, -1)]
            order = [to_and_fro[n % len(to_and_fro)] for n in range(wanted)]
            frames = frames.index_select(axis, torch.tensor(order, device=frames.device))
    return frames
