"""Brightness, contrast, colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aigc_edit.api import FrameFilter, StageOptions, option

if TYPE_CHECKING:
    from torch import Tensor

_LUMA = (0.2126, 0.7152, 0.0722)  # BT.709
_MIDDLE = 0.5
_WARMTH_RANGE = 0.15  # gain of red over blue at full warmth


class Grade(FrameFilter):
    """Brightness, contrast, saturation and warmth of every frame."""

    name = "grade"
    dtype = "float32"

    class Options(StageOptions):
        """Options of grade; the defaults change nothing."""

        brightness: float = option(0.0, ge=-1, le=1, help="Added to every value (white is 1).")
        contrast: float = option(1.0, ge=0, le=4, help="Distance from middle grey, as a factor.")
        saturation: float = option(1.0, ge=0, le=4, help="Distance from grey, as a factor.")
        warmth: float = option(0.0, ge=-1, le=1, help="More red and less blue, or the reverse.")

    options: Options

    def apply(self, frames: Tensor) -> Tensor:
        chosen = self.options
        luma = frames.new_tensor(_LUMA).view(1, 3, 1, 1)
        tilt = chosen.warmth * _WARMTH_RANGE
        gains = frames.new_tensor((1 + tilt, 1.0, 1 - tilt)).view(1, 3, 1, 1)
        warmed = frames * gains
        grey = (warmed * luma).sum(dim=1, keepdim=True)
        coloured = grey + (warmed - grey) * chosen.saturation
        return ((coloured - _MIDDLE) * chosen.contrast + _MIDDLE + chosen.brightness).clamp(0, 1)
