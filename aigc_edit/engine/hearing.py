"""What a sound file measures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aigc_edit.errors import UsageError
from aigc_edit.media import LoudnessMeter, Samples, SoundFileReader

_WINDOW_SECONDS = 0.05
_SILENT = -60.0  # dB below full scale, root mean square of a window


@dataclass(frozen=True, slots=True)
class Heard:
    """Figures of a sound.

    Attributes:
        loudness: LUFS (ITU-R BS.1770-4).
        true_peak: dBTP.
        silence: share of windows of 50 ms below -60 dBFS.
        snr: dB of a reference over the difference to it; None without one.
    """

    seconds: float
    loudness: float
    true_peak: float
    silence: float
    snr: float | None = None


def heard(path: Path, reference: Path | None = None) -> Heard:
    """Measures a .wav, .flac or .ogg, however long it is.

    Raises:
        DecodeError: one of them cannot be read.
        UsageError: the reference has another rate, length or number of channels.
    """
    sound = SoundFileReader(path)
    meter, power = LoudnessMeter(sound.rate, sound.channels), _Power(sound.rate)
    for block in sound.blocks():
        meter.add(block)
        power.add(block)
    found = meter.result()
    snr = _snr(sound, SoundFileReader(reference)) if reference else None
    seconds = sound.samples / sound.rate
    return Heard(seconds, found.integrated, found.true_peak, power.silence(), snr)


class _Power:
    """The mean power of each window."""

    def __init__(self, rate: int) -> None:
        self._size = max(1, round(_WINDOW_SECONDS * rate))
        self._left = np.zeros(0, np.float32)
        self._windows: list[npt.NDArray[np.float32]] = []

    def add(self, samples: Samples) -> None:
        power = np.concatenate([self._left, np.square(samples).mean(axis=0)])
        whole = len(power) // self._size * self._size
        self._windows.append(power[:whole].reshape(-1, self._size).mean(axis=1))
        self._left = power[whole:]

    def silence(self) -> float:
        """The share of windows in which nothing is heard; a rest at the end is one."""
        rest = [self._left.mean(keepdims=True)] if len(self._left) else []
        return float((np.concatenate([*self._windows, *rest]) < 10 ** (_SILENT / 10)).mean())


def _snr(sound: SoundFileReader, reference: SoundFileReader) -> float:
    """10 log10(signal's energy / energy of the difference)."""
    facts = [(it.rate, it.samples, it.channels) for it in (sound, reference)]
    if facts[0] != facts[1]:
        what = "the reference has another rate, length or number of channels"
        raise UsageError(what, where=reference.path)
    signal = noise = 0.0
    for ours, theirs in zip(sound.blocks(), reference.blocks(), strict=True):
        noise += float(np.square(ours - theirs, dtype=np.float64).sum())
        signal += float(np.square(theirs, dtype=np.float64).sum())
    return math.inf if noise == 0 else 10 * math.log10(max(signal, 1e-20) / noise)
