"""Moments of latents that follow a film calmly: statistics of single frames would flicker."""

from __future__ import annotations

import math
from fractions import Fraction

from aigc_edit.models.moments import Moments

_MEMORY_SECONDS = 0.5
# Nats a channel. Of eight real clips, cuts are 0.18 to 36 away, fire and fast pans up to 0.09.
_CUT = 0.14


class MovingMoments:
    """An exponential mean over time, exact for any frame rate, that begins anew at a cut.

    Cuts are told by `forget`; one that nobody told of shows as a jump.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._held: tuple[Fraction, Moments] | None = None

    def jumps(self, own: Moments) -> bool:
        """Whether the next frame is the first of all, or nothing like those before."""
        return self._held is None or own.distance(self._held[1]) > _CUT

    def after(self, own: Moments, time: Fraction) -> Moments:
        """The mean with one frame more, shown at `time` seconds; frames come in order."""
        if self._held is not None and not self.jumps(own):
            before, mean = self._held
            own = mean.blended(own, 1 - math.exp(-float(time - before) / _MEMORY_SECONDS))
        self._held = (time, own)
        return own
