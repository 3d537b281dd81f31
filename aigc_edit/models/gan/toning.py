"""Frames in the colours of a painting, before they are painted.

What a net sees around a place does not tell what else the frame shows, so by itself it cannot
give every frame the painting's share of light and dark. Mean and covariance of the whole frame
can: they are made the painting's, by the map that moves colours least.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.moments import Moments, matching

_LINES = 180  # colours are seen at this size: grain and fine lines are none
# Standard deviation in [0, 1] of what is toned by half: a fade to black has to stay one.
_FLAT = 0.05
_MOST_STRETCH = 3.0  # of colours; with 4 the grain of dull frames flickers


def palette(picture: Tensor) -> Moments:
    """The colours of float [3, H, W], RGB in [0, 1]."""
    height, width = picture.shape[-2:]
    if height <= _LINES:
        return Moments.of(picture[None])
    size = (_LINES, max(1, round(width * _LINES / height)))
    return Moments.of(F.interpolate(picture[None], size, mode="area"))


def toned(frames: Tensor, wanted: Moments, share: float) -> Tensor:
    """Frames in other colours, each by itself: float [T, 3, H, W], RGB in [0, 1].

    share: 0 leaves them as they are, 1 gives them the wanted mean and covariance, but for what
        is flat and what leaves [0, 1].
    """
    return torch.stack([_toned(frame, wanted, share) for frame in frames])


def _toned(frame: Tensor, wanted: Moments, share: float) -> Tensor:
    own = palette(frame)
    spread = float(own.covariance.trace())
    move = matching(own.within_reach(wanted, _MOST_STRETCH), wanted)
    return move(frame[None], share * spread / (spread + _FLAT**2))[0].clamp_(0, 1)
