"""Paint from a small picture, lines from the large one."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.fidelity import luma

_RADIUS = 2  # small pixels
_SMOOTHNESS = 1e-3  # variance of light that counts as flat


def guided(painted: Tensor, small: Tensor, frames: Tensor) -> Tensor:
    """What was painted small, as large as the frames, with edges where the frames have them.

    The fast guided filter (He & Sun 2015, arXiv 1505.00996): in each small window, paint is
    fitted as a line in the frame's luma; the line is enlarged, not the paint.

    Args:
        painted, small: float [T, 3, h, w], in and out of the net.
        frames: float [T, 3, H, W].
    """
    guide = luma(small)
    mean_guide, mean_paint = _box(guide), _box(painted)
    variance = _box(guide.square()) - mean_guide.square()
    covariance = _box(guide * painted) - mean_guide * mean_paint
    slope = covariance / (variance + _SMOOTHNESS)
    offset = mean_paint - slope * mean_guide
    size = frames.shape[-2:]
    slope, offset = (
        F.interpolate(_box(part), size, mode="bilinear", align_corners=False)
        for part in (slope, offset)
    )
    return slope * luma(frames) + offset


def _box(pictures: Tensor) -> Tensor:
    side = 2 * _RADIUS + 1
    return F.avg_pool2d(pictures, side, 1, _RADIUS, count_include_pad=False)
