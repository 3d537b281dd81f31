"""Contact sheets: what a look makes of films, for people to judge."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.fidelity import luma
from aigc_edit.models.training import tiled

_WIDTH, _HEIGHT = 480, 270  # of a cell
_COLUMNS = 3
_WHITE = 1.0


def contact_sheet(pairs: Sequence[tuple[Tensor, Tensor]], painting: Tensor) -> Tensor:
    """Two rows for each pair: source, result and painting as a whole, and pixel by pixel where
    most is to be seen.

    pairs: float [3, H, W] each, RGB in [0, 1]; so are the painting and what comes out.
    """
    cells = []
    for source, result in pairs:
        cells += [_whole(picture) for picture in (source, result, painting)]
        cells += [*_details(source, result), *_details(painting)]
    return tiled(torch.stack(cells), _COLUMNS)


def _whole(picture: Tensor) -> Tensor:
    """The picture as large as a cell holds it."""
    height, width = picture.shape[-2:]
    scale = min(_WIDTH / width, _HEIGHT / height)
    size = [max(1, round(height * scale)), max(1, round(width * scale))]
    shrunk = F.interpolate(
        picture[None], size, mode="bilinear", align_corners=False, antialias=True
    )
    return _on_white(shrunk[0])


def _details(*pictures: Tensor) -> list[Tensor]:
    """The busiest part of the first picture, and the same part of the others."""
    top, left = _busiest(pictures[0])
    return [_on_white(p[:, top : top + _HEIGHT, left : left + _WIDTH]) for p in pictures]


def _busiest(picture: Tensor) -> tuple[int, int]:
    """Where the cell's top left corner lies that has most edges in it; a coarse search."""
    height, width = (min(a, b) for a, b in zip(picture.shape[-2:], (_HEIGHT, _WIDTH), strict=True))
    bright = luma(picture[None])
    edges = bright.diff(dim=2).abs()[..., :-1] + bright.diff(dim=3).abs()[..., :-1, :]
    step = (max(1, height // 8), max(1, width // 8))
    sums = F.avg_pool2d(edges, (height - 1, width - 1), step)[0, 0]
    row, column = divmod(int(sums.argmax()), sums.shape[1])
    return row * step[0], column * step[1]


def _on_white(picture: Tensor) -> Tensor:
    height, width = picture.shape[-2:]
    return F.pad(picture, (0, _WIDTH - width, 0, _HEIGHT - height), value=_WHITE)
