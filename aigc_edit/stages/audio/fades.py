"""Fades: so short at seams that nobody hears them, so that nobody hears the seams."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AudioBlock,
    AudioFilter,
    Samples,
    Seconds,
    SoundContext,
    StageOptions,
    option,
)


class Fades(AudioFilter):
    """Micro-fades at real seams, and if wanted at the start and end of the whole."""

    name = "fades"

    class Options(StageOptions):
        """Options of fades."""

        seam: Seconds = option("5ms", ge=0, le=1, help="Fade out and in at each seam.")
        start: Seconds = option("0s", ge=0, help="Fade in at the very start.")
        end: Seconds = option("0s", ge=0, help="Fade out at the very end.")

    options: Options

    def begin(self, context: SoundContext) -> None:
        rate = context.rate
        length = round(self.options.seam * rate)
        seams = [round(seam * rate) for seam in context.seams]
        self._falls = [(at - length, length) for at in seams]
        self._rises = [(at, length) for at in seams]
        self._rises.append((0, _samples(self.options.start, rate)))
        end = _samples(self.options.end, rate)
        self._falls.append((context.samples - end, end))

    def apply(self, block: AudioBlock) -> Samples:
        numbers = np.arange(block.first, block.first + block.samples.shape[1])
        gain = np.ones(len(numbers), np.float32)
        for first, length in self._rises:
            _multiply(gain, numbers, first, length, rising=True)
        for first, length in self._falls:
            _multiply(gain, numbers, first, length, rising=False)
        faded: Samples = block.samples * gain
        return faded


def _samples(seconds: Fraction, rate: int) -> int:
    return round(seconds * rate)


def _multiply(
    gain: npt.NDArray[np.float32],
    numbers: npt.NDArray[np.int64],
    first: int,
    length: int,
    *,
    rising: bool,
) -> None:
    """A raised cosine on the samples `[first, first + length)`, in place."""
    start = max(first - int(numbers[0]), 0)
    stop = min(first + length - int(numbers[0]), len(numbers))
    if stop <= start:
        return
    phase = (numbers[start:stop] - first + 0.5) / length
    rise = 0.5 - 0.5 * np.cos(np.pi * phase)
    gain[start:stop] *= rise if rising else 1 - rise
