"""What painted frames owe to the painting, and what to the frames."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.fidelity import luma

_NOTHING = 1e-6
_COARSE = 8  # pixels of a side of what light and colour are compared in


class Brushwork:
    """Patches of a painting at several sizes, and how far others are from them.

    The distance is the sliced Wasserstein distance of patches (Rabin et al. 2011; for pictures
    Elnekave & Weiss 2022, arXiv 2203.11862): along random directions, what is sorted on one side
    is compared with what is sorted on the other. Looks are judged by another distance
    (`models/judging`), not by the one that they have lowered.
    """

    def __init__(
        self,
        painting: Tensor,
        *,
        side: int = 7,
        scales: int = 4,
        places: int = 1536,
        ways: int = 24,
    ) -> None:
        """painting: float [3, H, W], RGB in [0, 1]."""
        self._side, self._places, self._ways = side, places, ways
        self._pyramid = _pyramid(painting[None], scales)

    def distance(self, frames: Tensor) -> Tensor:
        """Of palette and brush, [2], of float [T, 3, H, W]: the mean over sizes.

        In standard deviations of the painting, so that faint brush work counts as strong colours.
        In float32 also where nets learn in bfloat16, which would leave few values to sort.
        """
        with torch.autocast(frames.device.type, enabled=False):
            pairs = zip(_pyramid(frames.float(), len(self._pyramid)), self._pyramid, strict=True)
            return torch.stack([self._sliced(ours, theirs) for ours, theirs in pairs]).mean(0)

    def _sliced(self, ours: Tensor, theirs: Tensor) -> Tensor:
        values = 3 * self._side**2
        ways = F.normalize(torch.randn(self._ways, values, device=ours.device))
        # With the means of patches: the palette; without them: the brush.
        ways = torch.cat([ways, ways - _means(ways, self._side)])
        sides = (
            ways @ _patches(pictures, self._side, self._places).to(ways.device)
            for pictures in (ours, theirs)
        )
        mine, wanted = (side.sort().values for side in sides)
        apart = (mine - wanted).abs().mean(1) / wanted.std(1)
        return apart.view(2, -1).mean(1)


def _means(ways: Tensor, side: int) -> Tensor:
    """The mean of each colour of directions [N, 3 * side * side], in the same shape."""
    return ways.view(-1, 3, side * side).mean(2).repeat_interleave(side * side, 1)


def _patches(pictures: Tensor, side: int, count: int) -> Tensor:
    """Float [3 * side * side, count] from anywhere in float [T, 3, H, W]."""
    number, _, height, width = pictures.shape
    tops, lefts = (torch.randint(length - side + 1, (count,)) for length in (height, width))
    corners = torch.randint(number, (count,)) * height * width + tops * width + lefts
    steps = torch.arange(side)
    within = (steps[:, None] * width + steps).flatten()
    places = (within[:, None] + corners).to(pictures.device)
    flat = pictures.transpose(0, 1).flatten(1)
    return flat.index_select(1, places.flatten()).view(3 * side * side, count)


def _pyramid(pictures: Tensor, scales: int) -> list[Tensor]:
    found = [pictures]
    for _ in range(scales - 1):
        found.append(F.avg_pool2d(found[-1], 2))
    return found


def edges_lost(frames: Tensor, painted: Tensor) -> Tensor:
    """1 - the correlation of where luma changes: 0 where all edges are kept."""
    return 1 - correlation(_slopes(luma(frames)), _slopes(luma(painted))).mean()


def light_lost(frames: Tensor, painted: Tensor) -> Tensor:
    """1 - the correlation of coarse luma: 0 where what was bright is bright, however much."""
    coarse = (F.avg_pool2d(luma(pictures), _COARSE) for pictures in (frames, painted))
    return 1 - correlation(*coarse).mean()


def colours_merged(frames: Tensor, painted: Tensor) -> Tensor:
    """How far distances between coarse colours are from the frame's own, each in its mean.

    Self-similarity (Kolkin et al. 2019, arXiv 1904.12785): what had another colour still has.
    """
    ours, theirs = (_distances(F.avg_pool2d(pictures, _COARSE)) for pictures in (frames, painted))
    return (ours - theirs).abs().mean()


def _distances(pictures: Tensor) -> Tensor:
    flat = pictures.flatten(2).transpose(1, 2)
    distances = (flat[:, :, None] - flat[:, None]).square().sum(-1).add(_NOTHING).sqrt()
    return distances / (distances.mean(dim=(1, 2), keepdim=True) + 0.02)


def correlation(ours: Tensor, theirs: Tensor) -> Tensor:
    """Of each picture: [T] in [-1, 1], for two float [T, C, H, W]."""
    ours, theirs = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (ours, theirs))
    norms = ours.square().sum(1) * theirs.square().sum(1)
    return (ours * theirs).sum(1) / (norms + _NOTHING).sqrt()


def _slopes(lightness: Tensor) -> Tensor:
    """How luma changes to the right and down: [T, 2, H - 1, W - 1]."""
    across, down = lightness.diff(dim=-1)[..., :-1, :], lightness.diff(dim=-2)[..., :-1]
    return torch.cat([across, down], 1)
