"""Giving the latents of a film the looks of pictures, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from aigc_edit.models.moments import Matching, Moments, matching
from aigc_edit.models.vae.moving import MovingMoments
from aigc_edit.models.vae.strokes import Strokes


class LatentLook:
    """The look of one picture: the statistics of its latents, and patches of them."""

    def __init__(self, picture: Tensor) -> None:
        """`picture`: latents, float [1, C, h, w], at least 3 of each side."""
        self.moments, self.strokes = Moments.of(picture), Strokes(picture)


class LatentStyle:
    """Gives latents of frames, which come in order, one look or something between two.

    Args:
        looks: one or two.
        how: their statistics are matched.
        brush: 0 to 1, how much is made of patches of their pictures. Patches overlap, which takes
            their contrast; so statistics are matched again.
    """

    def __init__(self, looks: Sequence[LatentLook], how: Matching, brush: float) -> None:
        self._looks, self._how, self._brush = looks, how, brush
        self._own, self._painted = MovingMoments(), MovingMoments()

    def forget(self) -> None:
        """What comes next follows a cut."""
        self._own.forget()
        self._painted.forget()
        for look in self._looks:
            look.strokes.forget()

    def over(self, latents: Tensor, time: Fraction, share: float = 0.0) -> Tensor:
        """The latents of the next frame, float [1, C, h, w], shown at `time` seconds.

        Args:
            share: 0 to 1, of the second look.
        """
        own = Moments.of(latents)
        if self._own.jumps(own):
            self.forget()
        own = self._own.after(own, time)
        wanted = self._looks[0].moments.blended(self._looks[-1].moments, share)
        graded = self._matched(latents, own, wanted)
        if not self._brush:
            return graded
        painted = self._brushed(latents, own, share)
        painted = self._matched(painted, self._painted.after(Moments.of(painted), time), wanted)
        return torch.lerp(graded, painted, self._brush)

    def _matched(self, latents: Tensor, own: Moments, wanted: Moments) -> Tensor:
        return matching(own.within_reach(wanted), wanted, self._how)(latents)

    def _brushed(self, latents: Tensor, own: Moments, share: float) -> Tensor:
        """Made of patches of each look that has a share."""
        painted = torch.zeros_like(latents)
        for look, part in zip(self._looks, (1 - share, share), strict=False):
            if part:
                graded = self._matched(latents, own, look.moments)
                painted += part * look.strokes.over(graded)
            else:
                look.strokes.forget()
        return painted
