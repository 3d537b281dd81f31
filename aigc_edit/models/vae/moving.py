"""Moments of latents that follow a film calmly: statistics of single frames would flicker."""

from __future__ import annotations

import math
from fractions import Fraction

from aigc_edit.models.vae.moments import Moments

_MEMORY_SECONDS = 0.5


class MovingMoments:
    """An exponential mean over time, exact for any frame rate; begins with the first frame's."""

    def __init__(self) -> None:
        self._held: tuple[Fraction, Moments] | None = None

    def after(self, own: Moments, time: Fraction) -> Moments:
        """The mean with one frame more, shown at `time` seconds; frames come in order."""
        if self._held is not None:
            before, mean = self._held
            own = mean.blended(own, 1 - math.exp(-float(time - before) / _MEMORY_SECONDS))
        self._held = (time, own)
        return own
