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
    them. `fps` None means every frame.
    """

    width: int | None = None
    height: int | None = None
    side: int | None = None
    multiple: int = 1
    fps: float | None = None
    pixels: Pixels = "rgb"


@dataclass(frozen=True, slots=True)
class Audio:
    """An analyser wants to hear: at this rate and channels (None: the source's own, at most 2)."""

    rate: int | None = None
    channels: int | None = 1


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames in order.

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
class AudioBlock:
    """Sound in order.

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
        return Fraction(self.first, self.rate)

    def tensor(self, device: str = "cpu") -> Tensor:
        """float32 [C, N] on `device`."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(self.samples)).to(device)
