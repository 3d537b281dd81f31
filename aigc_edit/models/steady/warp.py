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
    """Takes pictures of one size, in pixels, from the frame before to this one, bilinearly."""

    motion: Motion
    height: int
    width: int

    def __call__(self, picture: Tensor, step: int = 1) -> Tensor:
        """float32 [C, H/step, W/step], new, of [C, H, W]; the same values where nothing moved.

        step: 4 gives every fourth pixel of every fourth row, and so on.
        """
        import torch

        if self._still:
            return picture[:, ::step, ::step].to(torch.float32, copy=True)
        x, y = (np.ascontiguousarray(place[::step, ::step]) for place in self._places)
        return _on_cpu(picture, x, y) if picture.device.type == "cpu" else _on_device(picture, x, y)

    def visible(self, device: Any, step: int = 1) -> Tensor:
        """bool [H/step, W/step]: where a warped picture shows what it should."""
        import torch

        seen = self.motion.visible.astype(np.uint8)
        full = cv2.resize(seen, (self.width, self.height), interpolation=cv2.INTER_NEAREST)
        return torch.from_numpy(full[::step, ::step] > 0).to(device)

    @cached_property
    def _still(self) -> bool:
        return not self.motion.flow.any()

    @cached_property
    def _places(self) -> tuple[Any, Any]:
        """float32 [H, W] each: x and y in the picture before."""
        height, width = self.motion.flow.shape[:2]
        x, y = cv2.split(self.motion.flow)
        size = self.width, self.height
        x = cv2.resize(x * (self.width / width), size, interpolation=cv2.INTER_LINEAR)
        y = cv2.resize(y * (self.height / height), size, interpolation=cv2.INTER_LINEAR)
        x += np.arange(self.width, dtype=np.float32)
        y += np.arange(self.height, dtype=np.float32)[:, None]
        return x, y


def _on_cpu(picture: Tensor, x: Any, y: Any) -> Tensor:
    """By OpenCV, which takes half the time of torch's `grid_sample`."""
    import torch

    moved = np.empty((len(picture), *x.shape), np.float32)
    for plane, there in zip(picture.float().contiguous().numpy(), moved, strict=True):
        cv2.remap(plane, x, y, cv2.INTER_LINEAR, dst=there, borderMode=cv2.BORDER_REPLICATE)
    return torch.from_numpy(moved)


def _on_device(picture: Tensor, x: Any, y: Any) -> Tensor:
    import torch
    from torch.nn.functional import grid_sample

    height, width = picture.shape[-2:]
    places = torch.from_numpy(np.stack([x, y], -1)).to(picture.device)
    # Going to [-1, 1] and back rounds: whole places shall stay whole, and what is still the same.
    grid = (2 * places + 1) / places.new_tensor([width, height]) - 1
    frames = picture[None].float()
    moved = grid_sample(frames, grid[None], padding_mode="border", align_corners=False)[0]
    column, row = places.round().long().unbind(-1)
    whole = (places == places.round()).all(-1)
    column, row = column.clamp(0, width - 1), row.clamp(0, height - 1)
    return torch.where(whole, frames[0][:, row, column], moved)
