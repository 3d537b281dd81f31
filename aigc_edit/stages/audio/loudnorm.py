"""Programme loudness, in two passes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AudioBlock,
    AudioFilter,
    Decibels,
    LoudnessMeter,
    LoudnessUnits,
    Samples,
    SoundContext,
    StageOptions,
    TruePeaks,
    option,
)

_HOP_SECONDS = 0.001  # the limiter's gain has one value a millisecond
_HOLD_HOPS = 11  # the limiter begins 5 ms before a peak and ends 5 ms after it
_MAX_GAIN = 30.0  # dB; what is quieter is noise, and stays


class LoudNorm(AudioFilter):
    """Brings the whole programme to a loudness (EBU R128, two passes), true peaks limited."""

    name = "loudnorm"
    measures = True

    class Options(StageOptions):
        """Options of loudnorm."""

        target: LoudnessUnits = option("-14 LUFS", ge=-40, le=-5, help="Integrated loudness.")
        true_peak: Decibels = option(
            "-1.5 dB", ge=-9, le=0, help="Highest true peak; AAC adds up to half a decibel to it."
        )

    options: Options

    def begin(self, context: SoundContext) -> None:
        self._hop = max(1, round(context.rate * _HOP_SECONDS))
        self._meter = LoudnessMeter(context.rate, context.channels, peaks=True)
        self._true_peaks = TruePeaks(context.channels)
        self._early = TruePeaks.DELAY  # peaks of the silence before the first sample
        self._left = np.zeros(0, np.float32)
        self._peaks: list[npt.NDArray[np.float32]] = []
        self._gain: float | None = None

    def measure(self, block: AudioBlock) -> None:
        self._meter.add(block.samples)
        self._note_peaks(block.samples)

    def _note_peaks(self, samples: Samples) -> None:
        """The highest true peak of every millisecond."""
        found = self._true_peaks.add(samples)[self._early :]
        self._early = max(0, self._early - samples.shape[1])
        self._gather(found)

    def _gather(self, found: npt.NDArray[np.float32]) -> None:
        peaks = np.concatenate([self._left, found])
        whole = len(peaks) // self._hop * self._hop
        self._peaks.append(peaks[:whole].reshape(-1, self._hop).max(axis=1))
        self._left = peaks[whole:]

    def apply(self, block: AudioBlock) -> Samples:
        if self._gain is None:
            self._decide()
        numbers = np.arange(block.first, block.first + block.samples.shape[1])
        envelope = np.interp(numbers, self._places, self._envelope)
        levelled: Samples = (block.samples * envelope).astype(np.float32)
        return levelled

    def _decide(self) -> None:
        """One gain for the whole, and an envelope that keeps every peak under the ceiling."""
        from scipy.ndimage import minimum_filter1d, uniform_filter1d

        self._gather(self._true_peaks.rest()[self._early :])
        self._measured = self._meter.result()
        silent = self._measured.integrated <= LoudnessMeter.SILENCE
        wanted = 0.0 if silent else self.options.target - self._measured.integrated
        self._gain = min(wanted, _MAX_GAIN)
        factor = 10 ** (self._gain / 20)
        peaks = np.concatenate([*self._peaks, self._left.max(keepdims=True, initial=0)]) * factor
        ceiling = 10 ** (self.options.true_peak / 20)
        needed = np.minimum(1, ceiling / np.maximum(peaks, 1e-9)) if not silent else peaks * 0 + 1
        # A mean over half of the hold never rises above what any peak within needs.
        held = minimum_filter1d(needed, 2 * _HOLD_HOPS, mode="nearest")
        self._limited = float(20 * np.log10(needed.min()))
        self._envelope = uniform_filter1d(held, _HOLD_HOPS, mode="nearest") * factor
        self._places = (np.arange(len(needed)) + 0.5) * self._hop

    def report(self) -> Mapping[str, float | str]:
        if self._gain is None:
            return {}
        return {
            "measured_lufs": round(self._measured.integrated, 2),
            "measured_true_peak_db": round(self._measured.true_peak, 2),
            "gain_db": round(self._gain, 2),
            "limited_by_db": round(-self._limited, 2),
        }
