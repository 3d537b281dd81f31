"""Filters that do nothing: what is left is what the engine costs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from aigc_edit.api import FrameFilter, Planes

if TYPE_CHECKING:
    from torch import Tensor


class NoopYuv(FrameFilter):
    """Gives planes back as they are."""

    name = "noop_yuv"
    pixels = "yuv"

    def apply_planes(self, planes: Planes, times: Sequence[Fraction]) -> Planes:
        del times
        return planes


class NoopBytes(FrameFilter):
    """Gives RGB back as it is, in bytes."""

    name = "noop_uint8"
    dtype = "uint8"

    def apply(self, frames: Tensor) -> Tensor:
        return frames


class NoopFloats(FrameFilter):
    """Gives RGB back as it is, in floats."""

    name = "noop_float32"

    def apply(self, frames: Tensor) -> Tensor:
        return frames
