"""What the net is shown: random crops of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

_SPARSE = 16  # every so many lines and samples tell pictures apart

Pictures = Sequence[npt.NDArray[np.uint8]]  # each [H, W, 3], RGB


class Crops:
    """Crops of pictures, each picture as often as any other, some of them shrunk or mirrored.

    Shrinking shows finer detail than a picture has, as sharper cameras would.
    """

    def __init__(self, pictures: Pictures, side: int, *, shrinks: bool = True) -> None:
        self._side, self._shrinks = side, shrinks
        self._pictures = [torch.from_numpy(picture) for picture in pictures]
        self.digest = _digest(pictures)

    def draw(self, count: int) -> Tensor:
        """float [count, 3, side, side], RGB in [0, 1], by torch's own generator."""
        chosen = torch.randint(len(self._pictures), (count,)).tolist()
        return torch.stack([self._crop(self._pictures[number]) for number in chosen])

    def _crop(self, picture: Tensor) -> Tensor:
        height, width, _ = picture.shape
        may = self._shrinks and min(height, width) >= 2 * self._side
        shrink = 1 + int(torch.randint(2, ())) if may else 1
        side = min(self._side * shrink, height, width)
        top = int(torch.randint(height - side + 1, ()))
        left = int(torch.randint(width - side + 1, ()))
        crop = picture[top : top + side, left : left + side].permute(2, 0, 1).float() / 255
        if int(torch.randint(2, ())):
            crop = crop.flip(-1)
        if side == self._side:
            return crop
        mode = "area" if side > self._side else "bilinear"
        return F.interpolate(crop[None], (self._side, self._side), mode=mode)[0]


def _digest(pictures: Pictures) -> str:
    """Tells one set of pictures from another."""
    found = hashlib.sha256()
    for picture in pictures:
        found.update(np.ascontiguousarray(picture[::_SPARSE, ::_SPARSE]).tobytes())
    return found.hexdigest()[:16]
