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

RATE = round(1 / LoudnessMeter.HOP_SECONDS)  # values a second
_ONSET_RATE = 50  # spectra a second
_FFT_SECONDS = 0.043  # 2,048 samples at 48 kHz
_MEL_BANDS = 64
_FLOOR = 1e-5  # power; what is quieter has no onset


class LoudnessCurve(Analyzer):
    """How loud it is (EBU R128 momentary, LUFS), and how strongly sounds begin (spectral flux)."""

    name = "loudness"
    needs = (Audio(rate=None, channels=None),)
    writes = (Curve.named("loudness"), Curve.named("onset"))

    def begin(self, context: AnalysisContext) -> None:
        self._length = int(np.ceil(float(context.duration * RATE)))
        self._meter: LoudnessMeter | None = None
        self._onsets: _OnsetMeter | None = None

    def audio(self, block: AudioBlock) -> None:
        if self._meter is None or self._onsets is None:
            self._meter = LoudnessMeter(block.rate, len(block.samples), peaks=False)
            self._onsets = _OnsetMeter(block.rate)
        self._meter.add(block.samples)
        self._onsets.add(block.samples.mean(axis=0))

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        loudness = self._meter.momentary() if self._meter else np.zeros(0, np.float32)
        onset = self._onsets.strength() if self._onsets else np.zeros(0, np.float32)
        heard = _sized(loudness, self._length, LoudnessMeter.SILENCE)
        return [
            Curve("loudness", Fraction(RATE), heard, "LUFS"),
            Curve("onset", Fraction(RATE), _sized(onset, self._length, 0.0), "dB"),
        ]


class _OnsetMeter:
    """Onset strength by librosa, block by block: each block sees the end of the one before."""

    def __init__(self, rate: int) -> None:
        self._rate, self._hop = rate, rate // _ONSET_RATE
        self._fft = int(rate * _FFT_SECONDS) // 2 * 2
        self._left = np.zeros(self._fft, np.float32)
        self._filters: npt.NDArray[np.float32] | None = None
        self._flux: list[npt.NDArray[np.float32]] = []
        self._before: npt.NDArray[np.float32] | None = None

    def add(self, mono: npt.NDArray[np.float32]) -> None:
        sound = np.concatenate([self._left, mono])
        count = (len(sound) - self._fft) // self._hop
        if count <= 0:
            self._left = sound
            return
        bands = self._bands(sound[: (count - 1) * self._hop + self._fft])
        self._left = sound[count * self._hop :]
        first = bands[:, :1] if self._before is None else self._before
        self._flux.append(self._strength(np.concatenate([first, bands], axis=1)))
        self._before = bands[:, -1:]

    def _bands(self, sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        import librosa
        from librosa.filters import mel

        if self._filters is None:
            self._filters = mel(sr=self._rate, n_fft=self._fft, n_mels=_MEL_BANDS)
        spectrum = librosa.stft(sound, n_fft=self._fft, hop_length=self._hop, center=False)
        power = self._filters @ np.square(np.abs(spectrum))
        bands: npt.NDArray[np.float32] = librosa.power_to_db(power, amin=_FLOOR, top_db=None)
        return bands

    def _strength(self, bands: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        from librosa.onset import onset_strength

        flux = onset_strength(S=bands, sr=self._rate, hop_length=self._hop, center=False)
        strength: npt.NDArray[np.float32] = flux[1:].astype(np.float32)
        return strength

    def strength(self) -> npt.NDArray[np.float32]:
        """The strongest onset of every tenth of a second."""
        flux = np.concatenate([np.zeros(0, np.float32), *self._flux])
        per_value = _ONSET_RATE // RATE
        whole = len(flux) // per_value * per_value
        strongest: npt.NDArray[np.float32] = flux[:whole].reshape(-1, per_value).max(axis=1)
        return strongest


def _sized(values: npt.NDArray[np.float32], length: int, fill: float) -> npt.NDArray[np.float32]:
    padded = np.full(length, fill, np.float32)
    padded[: min(length, len(values))] = values[:length]
    return padded
