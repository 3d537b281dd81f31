"""Pictures of what a net makes, for people."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from torch import Tensor

from aigc_edit.models.training.tensor_file import write_whole

_GAP = 2  # pixels


def tiled(pictures: Tensor, columns: int) -> Tensor:
    """Pictures side by side, row by row, with white between them.

    pictures: float [N, 3, H, W] or [N, 1, H, W] in [0, 1], [3, H', W'] comes out.
    """
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = torch.ones(3, rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP)
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + _GAP), number % columns * (width + _GAP)
        sheet[:, top : top + height, left : left + width] = picture
    return sheet


def write_png(path: Path, picture: Tensor) -> None:
    """Writes float [3, H, W] in [0, 1]; values outside are cut off."""
    from PIL import Image

    levels = (picture.detach().float().cpu().clamp(0, 1) * 255).round().byte()
    content = io.BytesIO()
    Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy()).save(content, "PNG")
    write_whole(path, content.getvalue())
