"""How loud it is, and where sounds begin."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    Curve,
    LoudnessMeter,
    Timeline,
    Track,
)
from aigc_edit.stages.analyze.onsets import OnsetMeter

RATE = round(1 / LoudnessMeter.HOP_SECONDS)  # values a second
_ONSET_RATE = 50  # spectra a second
_FLOOR = 1e-5  # power; what is quieter has no onset


class LoudnessCurve(Analyzer):
    """How loud it is (EBU R128 momentary, LUFS), and how strongly sounds begin (spectral flux)."""

    name = "loudness"
    needs = (Audio(rate=None, channels=None),)
    writes = (Curve.named("loudness"), Curve.named("onset"))

    def begin(self, context: AnalysisContext) -> None:
        self._length = int(np.ceil(float(context.duration * RATE)))
        self._meter: LoudnessMeter | None = None
        self._onsets: OnsetMeter | None = None

    def audio(self, block: AudioBlock) -> None:
        if self._meter is None or self._onsets is None:
            self._meter = LoudnessMeter(block.rate, len(block.samples), peaks=False)
            self._onsets = OnsetMeter(block.rate, _ONSET_RATE, _decibels)
        self._meter.add(block.samples)
        self._onsets.add(block.samples.mean(axis=0))

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        loudness = self._meter.momentary() if self._meter else np.zeros(0, np.float32)
        onset = _strongest(self._onsets.flux()) if self._onsets else np.zeros(0, np.float32)
        heard = _sized(loudness, self._length, LoudnessMeter.SILENCE)
        return [
            Curve("loudness", Fraction(RATE), heard, "LUFS"),
            Curve("onset", Fraction(RATE), _sized(onset, self._length, 0.0), "dB"),
        ]


def _decibels(power: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    import librosa

    decibels: npt.NDArray[np.float32] = librosa.power_to_db(power, amin=_FLOOR, top_db=None)
    return decibels


def _strongest(flux: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The strongest onset of every tenth of a second."""
    per_value = _ONSET_RATE // RATE
    whole = len(flux) // per_value * per_value
    strongest: npt.NDArray[np.float32] = flux[:whole].reshape(-1, per_value).max(axis=1)
    return strongest


def _sized(values: npt.NDArray[np.float32], length: int, fill: float) -> npt.NDArray[np.float32]:
    padded = np.full(length, fill, np.float32)
    padded[: min(length, len(values))] = values[:length]
    return padded
