"""Where each pixel was one frame ago: dense optical flow on small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

# Halved until the shorter side is below this: 180 lines of 720p, 270 of 1080p.
_MOST_LINES = 320
# Patches of 8 pixels, 6 apart, on the whole small picture: on real clips 256 lines with the usual
# presets, which stop at a quarter of them, cost as much and left half as much error again. The
# way back only has to agree within a pixel.
_PATCH_STRIDE = 6
_FINEST, _FINEST_BACK = 0, 1
LUMA = (0.2126, 0.7152, 0.0722)  # BT.709
# What explains the picture that little better than no motion is no motion.
_STILL_LEVELS = 0.5  # of 255
_STILL_PIXELS = 0.5
_WINDOW = (5, 5)
_LEAST_SIDE = 16  # pixels; below it the search finds no room for two of its patches

Flow = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Small:
    """A small picture.

    Attributes:
        luma: uint8 [h, w].
        colour: float32 [h, w, 2]: red and blue less luma, in levels of 255.
    """

    luma: npt.NDArray[np.uint8]
    colour: Flow


@dataclass(frozen=True)
class Motion:
    """From a picture to the one before, at small size.

    Attributes:
        flow: float32 [h, w, 2]: what is at (x, y) now was at (x, y) + flow, in small pixels.
        visible: bool [h, w]: it was in the picture, not hidden, and its motion is certain.
    """

    flow: Flow
    visible: npt.NDArray[np.bool_]


def small(frame: Tensor) -> Small:
    """A frame [3, H, W] RGB as `motion` wants it: bytes in [0, 255], or floats in [0, 1]."""
    scale = 255.0 if frame.is_floating_point() else 1.0
    height, width = frame.shape[-2:]
    halvings = 0
    while min(height, width) >> halvings > _MOST_LINES:
        halvings += 1
    size = max(1, round(width / 2**halvings)), max(1, round(height / 2**halvings))
    planes = frame if _known_to_cv2(frame) else frame.float().cpu()
    shrunk = (cv2.resize(p.numpy(), size, interpolation=cv2.INTER_AREA) for p in planes)
    red, green, blue = (p.astype(np.float32) * np.float32(scale) for p in shrunk)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    whole = luma.round().clip(0, 255).astype(np.uint8)
    return Small(whole, np.stack([red - luma, blue - luma], -1))


def _known_to_cv2(frame: Tensor) -> bool:
    import torch

    return frame.device.type == "cpu" and frame.dtype in (torch.uint8, torch.float32)


def motion(before: Small, now: Small) -> Motion:
    """How a picture moved between two frames of one shot.

    Dense inverse search (Kroeger et al. 2016, "Fast optical flow using dense inverse search"),
    both ways; a pixel is visible where the ways agree, by the bound of Sundaram et al. 2010
    ("Dense point trajectories by GPU-accelerated large displacement optical flow"), which Ruder
    et al. 2016 use for video style.
    """
    one, other, shape = before.luma, now.luma, now.luma.shape
    if np.array_equal(one, other) or min(shape) < _LEAST_SIDE:
        return Motion(np.zeros((*shape, 2), np.float32), np.ones(shape, np.bool_))
    back = _search(_FINEST).calc(other, one, None)
    forth = _search(_FINEST_BACK).calc(one, other, None)
    places = back + grid(*shape)
    there = cv2.remap(forth, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    agreed = _squared(back + there) <= 0.01 * (_squared(back) + _squared(there)) + 0.5
    still = _still(back, one, other, places, agreed)
    back[still] = 0
    return Motion(back, still | (agreed & _inside(places)))


def _still(back: Any, before: Any, now: Any, places: Any, agreed: Any) -> Any:
    """Where no motion explains the picture as well as the flow, which trembles or guesses."""
    warped: Any = cv2.remap(before, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = cv2.boxFilter(cv2.absdiff(warped, now), cv2.CV_32F, _WINDOW)
    stayed = cv2.boxFilter(cv2.absdiff(before, now), cv2.CV_32F, _WINDOW)
    doubtful = (_squared(back) < _STILL_PIXELS**2) | ~agreed
    return doubtful & (stayed <= moved + _STILL_LEVELS)


def _search(finest_scale: int) -> Any:
    fast: int = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST  # without variational refinement
    search: Any = cv2.DISOpticalFlow_create(fast)  # type: ignore[attr-defined]
    search.setFinestScale(finest_scale)
    search.setPatchStride(_PATCH_STRIDE)
    return search


def _squared(flow: Any) -> Any:
    """float32 [h, w]: length of each vector, squared."""
    x, y = cv2.split(flow)
    return x * x + y * y


def grid(height: int, width: int) -> Flow:
    """float32 [h, w, 2]: x and y of each pixel."""
    grid = np.empty((height, width, 2), np.float32)
    grid[..., 0] = np.arange(width, dtype=np.float32)
    grid[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    return grid


def _inside(places: Any) -> Any:
    """bool [h, w]: the place lies in the picture."""
    height, width = places.shape[:2]
    x, y = cv2.split(places)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
