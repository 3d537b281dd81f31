"""What stages are handed: batches of frames and blocks of sound, with their exact times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from aigc_edit.media import Image, Pixels, Samples

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Frames:
    """An analyser wants to see: at this size, at most `fps` frames a second.

    `width`, `height` or `side` (the longer one) alone keeps the shape; none keeps the size;
    pictures are never made larger. Both sides become multiples of `multiple`, at least two of
    them. `fps` None means every frame. `pixels`: `rgb`, or `gray` for the luma alone.

    >>> needs = (Frames(height=90, fps=10, pixels="gray"),)
    """

    width: int | None = None
    height: int | None = None
    side: int | None = None
    multiple: int = 1
    fps: float | None = None
    pixels: Pixels = "rgb"

    def __post_init__(self) -> None:
        if self.pixels not in ("rgb", "gray"):
            raise ValueError(f"Frames: pixels are 'rgb' or 'gray', not {self.pixels!r}")
        sizes = (self.width, self.height, self.side, self.fps, self.multiple)
        if any(size is not None and size <= 0 for size in sizes):
            raise ValueError("Frames: sizes and fps are above 0")


@dataclass(frozen=True, slots=True)
class Audio:
    """An analyser wants to hear: at this rate and channels (None: the source's own, at most 2).

    >>> needs = (Audio(rate=16_000), Frames(side=64, fps=1))
    """

    rate: int | None = None
    channels: int | None = 1


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames in order.

    >>> batch = FrameBatch(np.zeros((2, 36, 64, 3), np.uint8), (Fraction(0), Fraction(1, 25)))
    >>> len(batch), tuple(batch.tensor().shape)
    (2, (2, 3, 36, 64))

    Attributes:
        pixels: uint8 [T, H, W, 3] RGB full range, or [T, H, W] full-range luma.
        times: T exact times in seconds (of the source for analysers, of the output for filters).
        first: number of the first frame among those that the stage gets.
    """

    pixels: Image
    times: tuple[Fraction, ...]
    first: int = 0

    def __len__(self) -> int:
        return len(self.times)

    def tensor(self, device: str = "cpu") -> Tensor:
        """uint8 [T, C, H, W] on `device`; on the CPU a view of `pixels`, not a copy."""
        import torch

        pixels = self.pixels if self.pixels.ndim == 4 else self.pixels[..., np.newaxis]
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device)


@dataclass(frozen=True, slots=True)
class Planes:
    """Frames as luma and chroma, for frame filters that declare `pixels = "yuv"`.

    8 bits, 4:2:0, limited range (luma 16 to 235, chroma 16 to 240 around 128), in the matrix that
    `FilterContext.matrix` names. Chroma of odd sides is rounded up.

    >>> import torch
    >>> grey = torch.full((2, 18, 32), 128, dtype=torch.uint8)
    >>> planes = Planes(torch.full((2, 35, 64), 16, dtype=torch.uint8), grey, grey)
    >>> len(planes)
    2

    Attributes:
        y: uint8 [T, H, W].
        u, v: uint8 [T, ceil(H / 2), ceil(W / 2)].
    """

    y: Tensor
    u: Tensor
    v: Tensor

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Sound in order.

    >>> block = AudioBlock(np.zeros((2, 480), np.float32), rate=48_000, first=24_000)
    >>> block.start
    Fraction(1, 2)

    Attributes:
        samples: float32 [C, N], nominally in [-1, 1].
        rate: samples a second.
        first: number of the first sample: `first / rate` is its time in seconds.
    """

    samples: Samples
    rate: int
    first: int = 0

    @property
    def start(self) -> Fraction:
        """When its first sample is heard, seconds."""
        return Fraction(self.first, self.rate)

    def tensor(self, device: str = "cpu") -> Tensor:
        """float32 [C, N] on `device`."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(self.samples)).to(device)
