"""How much moves."""

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
    Seconds,
    StageOptions,
    Timeline,
    Track,
    option,
)

RATE = 10  # values a second
_CUT_WIDTH = 3  # a cut is one odd value; a median of three removes it and keeps movement


class Motion(Analyzer):
    """How much moves: mean absolute luma difference between neighbouring frames, 0 to 1."""

    name = "motion"
    needs = (Frames(height=90, fps=RATE, pixels="gray"),)
    writes = (Curve.named("motion"),)

    class Options(StageOptions):
        """Options of motion."""

        smooth: Seconds = option("0.5s", ge=0, le=10, help="Length of the moving average.")

    options: Options

    def begin(self, context: AnalysisContext) -> None:
        self._length = int(np.ceil(float(context.duration * RATE)))
        self._before: np.ndarray | None = None
        self._found: list[tuple[Fraction, float]] = []

    def frames(self, batch: FrameBatch) -> None:
        import cv2

        for image, time in zip(batch.pixels, batch.times, strict=True):
            before = image if self._before is None else self._before
            self._found.append((time, float(cv2.norm(image, before, cv2.NORM_L1)) / image.size))
            self._before = image

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        values = _on_grid(self._found, self._length) / 255
        return [Curve("motion", Fraction(RATE), _smoothed(values, self.options.smooth), "0..1")]


def _on_grid(found: list[tuple[Fraction, float]], length: int) -> np.ndarray:
    """One value each tenth of a second; a frame's value holds until the next frame."""
    if not found:
        return np.zeros(length)
    times = np.array([float(time) for time, _ in found])
    values = np.array([value for _, value in found])
    if len(values) > 1:
        values[0] = values[1]  # nothing to compare the first frame with
    grid = (np.arange(length) + 0.999) / RATE
    held: np.ndarray = values[(np.searchsorted(times, grid, side="right") - 1).clip(0)]
    return held


def _smoothed(values: np.ndarray, seconds: Fraction) -> np.ndarray:
    from scipy.ndimage import median_filter, uniform_filter1d

    if not len(values):
        return values
    steady = median_filter(values, _CUT_WIDTH, mode="nearest")
    smoothed = uniform_filter1d(steady, max(1, round(seconds * RATE)), mode="nearest")
    clean: np.ndarray = np.clip(smoothed, 0, 1)  # running sums leave a trace below nothing
    return clean
