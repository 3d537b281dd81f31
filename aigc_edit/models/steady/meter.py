"""How much a film flickers: what changes along the motion, where nothing should."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from aigc_edit.models.steady.flow import Small, motion, small
from aigc_edit.models.steady.warp import Warp

if TYPE_CHECKING:
    from torch import Tensor

_STEP = 4  # every fourth pixel of every fourth row says the same at a sixteenth of the cost


@dataclass(frozen=True, slots=True)
class Flicker:
    """Warping errors in levels of 255: of a source, and of what was made of it.

    Attributes:
        source: the source against itself: noise, light that changes, flow that is not exact.
        result: the result along the source's flow.
        samples: how many values were compared.
    """

    source: float
    result: float
    samples: int

    @property
    def ratio(self) -> float:
        """The result's over the source's own; a still source counts as one level."""
        return self.result / max(self.source, 1.0)

    @classmethod
    def joined(cls, parts: Sequence[Flicker]) -> Flicker:
        """Of all parts of a film, at least one."""
        samples = sum(part.samples for part in parts)
        source, result = (
            sqrt(sum(getattr(part, name) ** 2 * part.samples for part in parts) / samples)
            for name in ("source", "result")
        )
        return cls(source, result, samples)


class FlickerMeter:
    """Measures frame by frame, in constant memory.

    The warping error of Lai et al. 2018 ("Learning blind video temporal consistency"): the square
    root, in levels of 255, of the mean squared difference between a frame and the one before it,
    warped along the source's optical flow, over the pixels that were visible before.
    """

    def __init__(self) -> None:
        self._sums = [0.0, 0.0]
        self._count = 0
        self._before: tuple[Tensor, Tensor] | None = None
        self._seen: Small | None = None

    def cut(self) -> None:
        """The next frame is not compared with the last one."""
        self._before = self._seen = None

    def add(self, source: Tensor, result: Tensor, warp: Warp | None = None) -> None:
        """One more frame.

        source, result: [3, H, W] RGB of one size, uint8 in [0, 255] or floats in [0, 1].
        warp: from the frame before, where it is known already.
        """
        if warp is None:
            warp = self._warp(source)
        if self._before is not None and warp is not None:
            visible = warp.visible(source.device, _STEP)
            self._count += 3 * int(visible.sum())
            for k, (before, now) in enumerate(zip(self._before, (source, result), strict=True)):
                off = (warp(before, _STEP) - now[:, ::_STEP, ::_STEP]).mul_(visible)
                self._sums[k] += float(off.square_().sum()) * _levels(now) ** 2
        self._before = (source, result)

    def _warp(self, source: Tensor) -> Warp | None:
        """From the frame before, if there was one."""
        height, width = source.shape[-2:]
        before, self._seen = self._seen, small(source)
        return Warp(motion(before, self._seen), height, width) if before is not None else None

    @property
    def flicker(self) -> Flicker | None:
        """What was found so far; None before two frames were compared."""
        if not self._count:
            return None
        source, result = (sqrt(total / self._count) for total in self._sums)
        return Flicker(source, result, self._count)


def _levels(frame: Tensor) -> float:
    return 255.0 if frame.is_floating_point() else 1.0


def flicker(frames: Iterable[tuple[Tensor, Tensor]]) -> Flicker | None:
    """The flicker of one shot, from pairs of source and result; see `FlickerMeter`.

    None for less than two frames.
    """
    meter = FlickerMeter()
    for source, result in frames:
        meter.add(source, result)
    return meter.flicker
