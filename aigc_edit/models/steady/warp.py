"""Moves a picture along the optical flow, to where the next one has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from aigc_edit.models.steady.flow import Motion

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Warp:
    """Takes pictures of one size from the frame before to this one, bilinearly.

    Attributes:
        height, width: of the pictures, pixels.
        step: 2 gives every second pixel of every second row.
    """

    motion: Motion
    height: int
    width: int
    step: int = 1

    def __call__(self, picture: Tensor) -> Tensor:
        """float32 [C, H/step, W/step] of [C, H, W]; where nothing moved, the very same values."""
        if self._still:
            return picture[:, :: self.step, :: self.step].float()
        if picture.device.type == "cpu":
            return self._on_cpu(picture)
        return self._on_device(picture)

    def visible(self, device: Any) -> Tensor:
        """bool [H/step, W/step]: where a warped picture shows what it should."""
        import torch

        return torch.from_numpy(self._sized(self.motion.visible) == 1).to(device)

    @cached_property
    def _still(self) -> bool:
        return not self.motion.flow.any()

    @cached_property
    def _places(self) -> Any:
        """float32 [H/step, W/step, 2]: x and y in the picture before."""
        height, width = self.motion.flow.shape[:2]
        places = self._sized(self.motion.flow)
        places *= np.array([self.width / width, self.height / height], np.float32)
        places[..., 0] += np.arange(0, self.width, self.step, dtype=np.float32)
        places[..., 1] += np.arange(0, self.height, self.step, dtype=np.float32)[:, None]
        return places

    def _sized(self, small: Any) -> Any:
        """float32 of the size that comes out."""
        size = -(-self.width // self.step), -(-self.height // self.step)
        return cv2.resize(small.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)

    def _on_cpu(self, picture: Tensor) -> Tensor:
        """By OpenCV, which takes half the time of torch's `grid_sample`."""
        import torch

        height, width = self._places.shape[:2]
        moved = np.empty((len(picture), height, width), np.float32)
        for plane, there in zip(picture.float().contiguous().numpy(), moved, strict=True):
            cv2.remap(
                plane,
                self._places,
                None,
                cv2.INTER_LINEAR,
                dst=there,
                borderMode=cv2.BORDER_REPLICATE,
            )
        return torch.from_numpy(moved)

    def _on_device(self, picture: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import grid_sample

        places = torch.from_numpy(self._places).to(picture.device)
        size = places.new_tensor([self.width, self.height])
        grid = (2 * places + 1) / size - 1
        frames = picture[None].float()
        moved = grid_sample(frames, grid[None], padding_mode="border", align_corners=False)[0]
        # Going to [-1, 1] and back rounds: what is still shall stay to the bit.
        still = torch.from_numpy(self._sized(self.motion.flow)).to(picture.device) == 0
        return torch.where(still.all(-1), frames[0, :, :: self.step, :: self.step], moved)
