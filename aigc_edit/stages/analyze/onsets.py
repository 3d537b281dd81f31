"""How strongly sounds begin, block by block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_FFT_SECONDS = 0.043  # 2,048 samples at 48 kHz
_MEL_BANDS = 64


class OnsetMeter:
    """Spectral flux by librosa: each block sees the end of the one before, so blocks do not matter.

    Args:
        rate: samples a second.
        per_second: spectra a second.
        levels: what the ear makes of the power in each band: float32 [B, T], as what it gets.
    """

    def __init__(self, rate: int, per_second: int, levels: Callable[[Floats], Floats]) -> None:
        self._rate, self._hop, self._levels = rate, rate // per_second, levels
        self._fft = int(rate * _FFT_SECONDS) // 2 * 2
        self._left = np.zeros(self._fft, np.float32)
        self._filters: Floats | None = None
        self._flux: list[Floats] = []
        self._before: Floats | None = None

    @property
    def lag(self) -> float:
        """Seconds by which flux comes after what begins, on average.

        A window hears a beginning best once a quarter of it is within; flux lies between two.
        """
        return (self._fft / 4 + self._hop / 2) / self._rate

    def add(self, mono: Floats) -> None:
        """More sound: float32 [N]."""
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

    def flux(self) -> Floats:
        """How strongly sounds begin, `per_second` values a second: float32 [N], never negative."""
        return np.concatenate([np.zeros(0, np.float32), *self._flux])

    def _bands(self, sound: Floats) -> Floats:
        import librosa
        from librosa.filters import mel

        if self._filters is None:
            self._filters = mel(sr=self._rate, n_fft=self._fft, n_mels=_MEL_BANDS)
        spectrum = librosa.stft(sound, n_fft=self._fft, hop_length=self._hop, center=False)
        power: Floats = self._filters @ np.square(np.abs(spectrum))
        return self._levels(power)

    def _strength(self, bands: Floats) -> Floats:
        from librosa.onset import onset_strength

        flux = onset_strength(S=bands, sr=self._rate, hop_length=self._hop, center=False)
        strength: Floats = flux[1:].astype(np.float32)
        return strength
