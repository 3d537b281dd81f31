"""How much of the picture is black."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Curve,
    FrameBatch,
    Frames,
    StageOptions,
    Timeline,
    Track,
    option,
)

_FASTEST = 25  # values a second
_SIDE = 160  # pixels: credits in small type still light up some


class Blackness(Analyzer):
    """Share of the picture that is black, 0 to 1, frame by frame (at most 25 a second)."""

    name = "blackness"
    api_version = 1
    needs = (Frames(side=_SIDE, fps=_FASTEST, pixels="gray"),)
    writes = (Curve.named("blackness"),)

    class Options(StageOptions):
        """Options of blackness."""

        threshold: float = option(
            0.1, ge=0, lt=1, help="Luma up to which a pixel is black, 0 (black) to 1 (white)."
        )

    options: Options

    def begin(self, context: AnalysisContext) -> None:
        self._rate = min(context.rate, Fraction(_FASTEST))
        length = -int(-context.duration * self._rate // 1)  # rounds up
        self._values = np.ones(length, np.float32)
        self._shown, self._share = Fraction(0), 1.0

    def frames(self, batch: FrameBatch) -> None:
        darkest = self.options.threshold * 255
        for image, time in zip(batch.pixels, batch.times, strict=True):
            self._hold(time)
            self._shown, self._share = time, np.count_nonzero(image <= darkest) / image.size

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        self._hold(tracks.duration)
        return [Curve("blackness", self._rate, self._values, "0..1")]

    def _hold(self, until: Fraction) -> None:
        """Notes the last frame, which is shown until then. A value is that of the brightest
        frame in its time, so that nothing is called black in which something is seen."""
        first = int(self._shown * self._rate)
        last = -int(-until * self._rate // 1)  # rounds up
        touched = self._values[first:last]
        np.minimum(touched, np.float32(self._share), out=touched)
