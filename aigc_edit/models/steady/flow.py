"""Where each pixel was one frame ago: dense optical flow on small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

# Flow is smooth but for edges, which the blend looks at in full size: a quarter of the lines of
# 1080p is enough, and costs a sixteenth.
LINES = 256
_LEAST_SIDE = 32  # pixels; the coarsest level of the search needs a few patches of eight
_PRESET = cv2.DISOPTICAL_FLOW_PRESET_FAST
_LUMA = (0.2126, 0.7152, 0.0722)  # BT.709
# Motion of less than a pixel that explains the picture no better than none is noise.
_STILL_PIXELS = 1.0
_STILL_LEVELS = 0.5  # of 255
_WINDOW = (5, 5)

Luma = npt.NDArray[np.uint8]
Flow = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Motion:
    """From a picture to the one before, at small size.

    Attributes:
        flow: float32 [h, w, 2]: what is at (x, y) now was at (x, y) + flow, in small pixels.
        visible: bool [h, w]: it was in the picture, and neither hidden nor uncertain.
    """

    flow: Flow
    visible: npt.NDArray[np.bool_]

    @cached_property
    def still(self) -> bool:
        """Whether nothing moves at all."""
        return not self.flow.any()


def small_luma(frame: Tensor) -> Luma:
    """uint8 [h, w] of at most `LINES` on the shorter side, of [3, H, W] RGB.

    Bytes are in [0, 255], floats in [0, 1].
    """
    import torch
    from torch.nn.functional import interpolate

    scale = 1.0 if frame.dtype == torch.uint8 else 255.0
    height, width = frame.shape[-2:]
    size = _small(height, width)
    if frame.device.type == "cpu" and frame.dtype in (torch.uint8, torch.float32):
        planes = [cv2.resize(_array(p), size[::-1], interpolation=cv2.INTER_AREA) for p in frame]
        mixed: Any = sum(w * scale * p for w, p in zip(_LUMA, planes, strict=True))
    else:
        small = interpolate(frame[None].float(), size, mode="area")[0]
        mixed = torch.einsum("c,chw->hw", small.new_tensor(_LUMA) * scale, small).cpu().numpy()
    luma: Luma = mixed.round().clip(0, 255).astype(np.uint8)
    return luma


def _array(plane: Tensor) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = plane.numpy()
    return array


def _small(height: int, width: int) -> tuple[int, int]:
    """The size for the flow: not larger than the picture, unless that is tiny."""
    shorter = min(height, width)
    scale = max(min(1.0, LINES / shorter), _LEAST_SIDE / shorter)
    return round(height * scale), round(width * scale)


def motion(before: Luma, now: Luma) -> Motion:
    """How the picture moved between two frames of one shot.

    Dense inverse search (Kroeger et al. 2016, "Fast optical flow using dense inverse search"),
    both ways; a pixel is visible where the ways agree, by the bound of Sundaram et al. 2010
    ("Dense point trajectories by GPU-accelerated large displacement optical flow"), which Ruder
    et al. and Lai et al. use for video style.
    """
    if np.array_equal(before, now):
        return Motion(np.zeros((*now.shape, 2), np.float32), np.ones(now.shape, np.bool_))
    search: Any = cv2.DISOpticalFlow_create(_PRESET)  # type: ignore[attr-defined]
    back: Any = search.calc(now, before, None)
    forth: Any = search.calc(before, now, None)
    places = _grid(now.shape) + back
    there = cv2.remap(forth, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    apart = np.square(back + there).sum(-1)
    bound = 0.01 * (np.square(back).sum(-1) + np.square(there).sum(-1)) + 0.5
    seen: Any = (apart <= bound) & _inside(places)
    return Motion(_earned(back, before, now, places), seen)


def _earned(back: Any, before: Luma, now: Luma, places: Any) -> Flow:
    """The flow without tremor: zero where it is small and no better than none."""
    warped = cv2.remap(before, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = cv2.blur(cv2.absdiff(warped, now).astype(np.float32), _WINDOW)
    stayed = cv2.blur(cv2.absdiff(before, now).astype(np.float32), _WINDOW)
    small = np.abs(back).max(-1) < _STILL_PIXELS
    still: Any = small & (stayed <= moved + _STILL_LEVELS)
    flow: Flow = np.where(still[..., None], np.float32(0), back)
    return flow


def _grid(shape: Any) -> Flow:
    """float32 [h, w, 2]: x and y of each pixel."""
    rows, columns = np.indices(shape, np.float32)
    return np.stack([columns, rows], -1)


def _inside(places: Any) -> Any:
    height, width = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
