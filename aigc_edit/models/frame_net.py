"""Nets over frames: in the precision and the batches that a device likes, and in tiles where
frames are large.

On a CPU a frame goes alone: painting 1280x720 took 0.49 s a frame alone and 0.67 s in fours, since
what a layer makes of one frame still fits the caches. So what comes out does not depend on how
frames are batched, to the last bit. On a GPU the batch is found by measuring.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise

import torch
from torch import Tensor

from aigc_edit.errors import ModelError
from aigc_edit.models.compiling import Compiled
from aigc_edit.models.precision import computed_in

Net = Callable[[Tensor], Tensor]
_LARGEST = 1 << 21  # pixels of a tile; 1920x1088 is whole
_SMALLEST = 1 << 14  # pixels of the tiles that are tried last where memory is short
_GAIN = 0.95  # a larger batch must save so much time a frame
_MOST = 32


@dataclass(frozen=True)
class Geometry:
    """Where what a net gives comes from.

    Attributes:
        stride: tiles that begin at its multiples see what the whole frame shows there.
        reach: how far from a pixel the net looks, in pixels that go in.
        scale: of the sides of what comes out.
    """

    stride: int
    reach: int
    scale: Fraction = Fraction(1)


class FrameNet:
    """A net that takes frames of any size and number.

    >>> smooth = FrameNet(lambda x: x / 2, "cpu", Geometry(stride=8, reach=0))
    >>> smooth(torch.ones(3, 3, 16, 16)).mean().item()
    0.5
    """

    def __init__(
        self,
        net: Net,
        device: str,
        geometry: Geometry,
        *,
        precision: torch.dtype = torch.float32,
        compiles: bool = False,
        alone: bool = False,
        largest: int = _LARGEST,
    ) -> None:
        """
        Args:
            precision: of products, such as `quick_precision` gives; tensors stay float32.
            compiles: torch compiles the net at its first frame.
            alone: each frame goes alone on every device.
            largest: pixels of a frame that goes in whole; larger ones are tiled without a joint.
        """
        self._net = partial(computed_in, precision, Compiled(net) if compiles else net)
        self._geometry = geometry
        # What is decoded counts as large as it comes out.
        self._largest = int(largest / max(1.0, float(geometry.scale)) ** 2)
        self._device = device
        self._together = not alone and torch.device(device).type == "cuda"

    def __call__(self, frames: Tensor) -> Tensor:
        """Float [T, C, H, W] to what the net makes of each.

        Raises:
            ModelError: the memory of the device does not even suffice for small tiles.
        """
        return torch.cat(list(self._pieces(frames)))

    def _pieces(self, frames: Tensor) -> Iterator[Tensor]:
        done, batch = 0, None
        if self._together:
            batch = _remembered(self._device, self._geometry, frames.shape[1:])
        while done < len(frames):
            count = 1 if batch is None else batch.next(len(frames) - done)
            part = frames[done : done + count]
            try:
                made = self._timed(part, batch)
            except torch.OutOfMemoryError as cause:
                self._give_way(count, batch, cause)
                continue
            yield made
            done += count

    def _timed(self, frames: Tensor, batch: _Batch | None) -> Tensor:
        began = time.perf_counter()
        made = self._painted(frames)
        if batch is not None and batch.searching:
            torch.cuda.synchronize(made.device)
            batch.tell(len(frames), time.perf_counter() - began)
        return made

    def _give_way(self, count: int, batch: _Batch | None, cause: Exception) -> None:
        """Smaller batches; then smaller tiles."""
        torch.cuda.empty_cache()
        if batch is not None and count > 1:
            batch.refuse(count)
            return
        self._largest //= 2
        if self._largest < _SMALLEST:
            raise ModelError(
                "the device has too little memory for this net",
                cure="Close other programs that use it, or run on the CPU: --device cpu.",
            ) from cause

    def _painted(self, frames: Tensor) -> Tensor:
        height, width = frames.shape[-2:]
        if height * width <= self._largest:
            return self._net(frames)
        side = max(1, int(self._largest**0.5))
        rows, columns = (list(self._cuts(length, side)) for length in (height, width))
        tiles = [[self._tile(frames, row, column) for column in columns] for row in rows]
        return torch.cat([torch.cat(row, -1) for row in tiles], -2)

    def _cuts(self, length: int, side: int) -> Iterator[_Cut]:
        """Along one side: tiles of equal length, in whole strides."""
        stride = self._geometry.stride
        count = -(-length // side)
        places = [n * length // count // stride * stride for n in range(count)] + [length]
        reach = -(-self._geometry.reach // stride) * stride
        for begin, end in pairwise(places):
            if end > begin:
                yield _Cut(begin, end, max(0, begin - reach), min(length, end + reach))

    def _tile(self, frames: Tensor, row: _Cut, column: _Cut) -> Tensor:
        seen = frames[..., row.seen : row.until, column.seen : column.until]
        made = self._net(seen)
        scale = self._geometry.scale
        return made[..., row.own(scale), column.own(scale)]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A tile along one side: its own pixels, and those that it sees."""

    begin: int
    end: int
    seen: int
    until: int

    def own(self, scale: Fraction) -> slice:
        """Its own part of what came out."""
        first = int((self.begin - self.seen) * scale)
        if self.end == self.until:
            return slice(first, None)
        return slice(first, first + int((self.end - self.begin) * scale))


class _Batch:
    """How many frames a device takes at once: twice as many as long as that is quicker a frame."""

    def __init__(self) -> None:
        self._size, self._limit, self._best = 1, _MOST, float("inf")
        self._warm, self.searching = False, True

    def next(self, left: int) -> int:
        return min(self._size, left)

    def tell(self, count: int, seconds: float) -> None:
        """How long so many frames took; the first time tells how long it takes to begin."""
        if count < self._size:
            return
        if not self._warm:
            self._warm = True
        elif seconds / count < self._best * _GAIN:
            self._best = seconds / count
            self.searching = 2 * count <= self._limit
            self._size = 2 * count if self.searching else count
        else:
            self._size, self.searching = max(1, count // 2), False

    def refuse(self, count: int) -> None:
        """So many were too many."""
        self._size = self._limit = max(1, count // 2)
        self.searching = False


@lru_cache(maxsize=32)
def _remembered(_device: str, _net: Geometry, _frame: tuple[int, ...]) -> _Batch:
    """What was found stays found: the next film of that size begins with it."""
    return _Batch()
