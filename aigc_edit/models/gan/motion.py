"""Motion that is known exactly: what painted frames must follow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

_SHIFT, _TURN, _GROWTH = 0.08, 0.03, 0.04  # of the side; radians; as a factor


@dataclass(frozen=True)
class Motion:
    """A shift, turn and zoom of each picture: where each of its pixels comes from."""

    grid: Tensor  # [T, H, W, 2], -1 to 1 between the borders' middles

    @classmethod
    def draw(cls, pictures: Tensor) -> Motion:
        """Small ones, of float [T, 3, H, W], by torch's own generator."""
        shift, turn, growth = (
            (torch.rand(len(pictures), number) * 2 - 1) * most
            for number, most in ((2, 2 * _SHIFT), (1, _TURN), (1, _GROWTH))
        )
        scale = 1 + growth
        rows = (scale * turn.cos(), -turn.sin(), shift[:, :1], turn.sin(), scale * turn.cos())
        matrix = torch.cat([*rows, shift[:, 1:]], 1).view(-1, 2, 3).to(pictures)
        return cls(F.affine_grid(matrix, list(pictures.shape), align_corners=False))

    def __call__(self, pictures: Tensor) -> Tensor:
        return F.grid_sample(pictures, self.grid, "bilinear", "reflection", align_corners=False)

    @property
    def inside(self) -> Tensor:
        """1 where a pixel comes from inside the picture: float [T, 1, H, W]."""
        return (self.grid.abs() < 1).all(-1, keepdim=True).permute(0, 3, 1, 2).to(self.grid)
