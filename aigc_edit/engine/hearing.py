"""What a sound file measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aigc_edit.errors import DecodeError, UsageError, one_line
from aigc_edit.media import LoudnessMeter, Samples

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
    """Measures a .wav, .flac or .ogg.

    Raises:
        DecodeError: one of them cannot be read.
        UsageError: the reference has another rate, length or number of channels.
    """
    samples, rate = _read(path)
    meter = LoudnessMeter(rate, len(samples), peaks=True)
    meter.add(samples)
    found = meter.result()
    snr = _snr(samples, rate, reference) if reference else None
    length = samples.shape[1] / rate
    return Heard(length, found.integrated, found.true_peak, _silence(samples, rate), snr)


def _read(path: Path) -> tuple[Samples, int]:
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as cause:  # libsndfile's own errors are RuntimeErrors
        raise DecodeError(
            f"no sound file that can be read ({one_line(cause)})", where=path
        ) from cause
    if not len(samples):
        raise DecodeError("this sound file is empty", where=path)
    return np.ascontiguousarray(samples.T), int(rate)


def _silence(samples: Samples, rate: int) -> float:
    size = max(1, round(_WINDOW_SECONDS * rate))
    count = -(-samples.shape[1] // size)
    padded = np.pad(samples.mean(axis=0) ** 2, (0, count * size - samples.shape[1]))
    power = padded.reshape(count, size).mean(axis=1)
    return float((power < 10 ** (_SILENT / 10)).mean())


def _snr(samples: Samples, rate: int, path: Path) -> float:
    """10 log10(signal's energy / energy of the difference)."""
    reference, other_rate = _read(path)
    if (reference.shape, other_rate) != (samples.shape, rate):
        what = "the reference has another rate, length or number of channels"
        raise UsageError(what, where=path)
    noise = float(((samples - reference).astype(np.float64) ** 2).sum())
    signal = float((reference.astype(np.float64) ** 2).sum())
    return float("inf") if noise == 0 else float(10 * np.log10(max(signal, 1e-20) / noise))
