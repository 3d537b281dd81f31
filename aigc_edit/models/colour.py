"""Light of one picture, colours of another."""

from __future__ import annotations

from torch import Tensor

from aigc_edit.models.fidelity import luma


def with_colours_of(frames: Tensor, painted: Tensor) -> Tensor:
    """Frames with the luma of what was painted; all float [T, 3, H, W], RGB in [0, 1]."""
    return frames + (luma(painted) - luma(frames))
