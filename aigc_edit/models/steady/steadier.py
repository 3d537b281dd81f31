"""Takes the flicker out of what a look makes of a film, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from aigc_edit.models.steady.flow import LUMA, Motion, Small, grid, motion, small
from aigc_edit.models.steady.meter import Flicker, FlickerMeter
from aigc_edit.models.steady.warp import Warp

if TYPE_CHECKING:
    from torch import Tensor

# Of the picture before: of white flicker (1 - w) / sqrt(1 + w) is left, here 7 %, and what went
# wrong is forgotten within ten frames.
_MOST_OF_THE_PAST = 0.9
# How far the past of the source may be from the source, when it is blended as the look is.
_TRUSTED_LEVELS = 3.0  # of 255
_STEP = 2  # doubt is looked at on every second pixel of every second row
_WINDOW = (5, 5)

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Past:
    """The frame before; blended as the look was: the source's light and colour.

    Attributes:
        seen: the source, small.
        light: float32 [1, H, W], luma in levels of 255.
        colour: float32 [h, w, 2], small: red and blue less luma.
        shown: float32 [3, H, W]: the look, in its own scale.
    """

    seen: Small
    light: Tensor
    colour: Plane
    shown: Tensor


class Steadier:
    """Blends a look with its own past, warped along the motion of the source.

    `out = look + w * (warp(out before) - look)`, recursively, as in Lai et al. 2018 and in every
    temporal denoiser. New is how `w` is found: the source goes through the same blending, so that
    what the blending does to a look that flickers not at all is seen in each pixel. Where its past
    is off (ground that was uncovered, flow that is wrong, detail that resampling has blurred,
    fades and changes of light), `w` falls with the square of it, and what is off stays small.
    """

    def __init__(self) -> None:
        self._past: _Past | None = None
        self._meter = FlickerMeter()

    def cut(self) -> None:
        """Forgets what it saw: the next frame has no past."""
        self._past = None
        self._meter.cut()

    @property
    def flicker(self) -> Flicker | None:
        """Of all frames since it was made; None before two frames followed one another."""
        return self._meter.flicker

    def steadied(self, source: Tensor, look: Tensor) -> Tensor:
        """The look of one frame without flicker; dtype and device stay, inputs are not changed.

        source, look: [3, H, W] RGB of one size on one device, uint8 in [0, 255] or floats in
        [0, 1]. Frames that the look leaves as they are stay so until it begins to change some.
        """
        import torch

        if self._past is None and torch.equal(source, look):
            return look
        seen = small(source)
        now = _Past(seen, _light(source), seen.colour, look.float())
        warp = None
        if self._past is not None:
            height, width = source.shape[-2:]
            warp = Warp(motion(self._past.seen, seen), height, width)
            now = _blended(self._past, now, warp)
        self._past = now
        shown = _as_given(now.shown, look)
        self._meter.add(source, shown, warp)
        return shown


def _blended(past: _Past, now: _Past, warp: Warp) -> _Past:
    import torch

    height, width = now.light.shape[-2:]
    light, colour = warp(past.light), _warped(past.colour, warp.motion)
    sampled = (light[0, ::_STEP, ::_STEP] - now.light[0, ::_STEP, ::_STEP]).cpu().numpy()
    weight = _weight(sampled, colour - now.colour)
    small_weight = cv2.resize(weight, colour.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None]
    full = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
    share = torch.from_numpy(1 - full).to(now.light.device)
    return _Past(
        now.seen,
        light.lerp_(now.light, share),
        now.colour + small_weight * (colour - now.colour),
        warp(past.shown).lerp_(now.shown, share),
    )


def _weight(light_off: Plane, colour_off: Plane) -> Plane:
    """float32 [H/2, W/2]: the share of the past, from how far the source's past is off."""
    off = cv2.boxFilter(np.abs(light_off), cv2.CV_32F, _WINDOW)
    # Colour is smooth; and what moves in front of its own brightness is seen by colour alone.
    tint = np.abs(cv2.boxFilter(colour_off, cv2.CV_32F, _WINDOW))
    tint = cv2.resize(np.maximum(*cv2.split(tint)), off.shape[::-1], interpolation=cv2.INTER_LINEAR)
    ratio = _TRUSTED_LEVELS / np.maximum(np.maximum(off, tint), 1e-3)
    weight: Plane = np.minimum(ratio * ratio, np.float32(_MOST_OF_THE_PAST))
    return weight


def _light(source: Tensor) -> Tensor:
    """float32 [1, H, W]: luma in levels of 255."""
    scale = 255.0 if source.is_floating_point() else 1.0
    red, green, blue = source.float()
    mixed: Tensor = red * (LUMA[0] * scale)
    mixed.add_(green, alpha=LUMA[1] * scale).add_(blue, alpha=LUMA[2] * scale)
    return mixed[None]


def _warped(colour: Plane, moved: Motion) -> Plane:
    places = moved.flow + grid(*moved.flow.shape[:2])
    moved_there: Any = cv2.remap(
        colour, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    there: Plane = moved_there
    return there


def _as_given(shown: Tensor, look: Tensor) -> Tensor:
    """In the dtype of the look; bytes are rounded."""
    import torch

    if look.dtype == torch.uint8:
        return shown.round().clamp_(0, 255).to(torch.uint8)
    return shown.to(look.dtype)
