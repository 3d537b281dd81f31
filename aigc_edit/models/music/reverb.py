"""A hall around what is played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import scipy.fft

Samples = npt.NDArray[np.float32]  # [C, N]
_SECONDS = 2.0
_BEFORE = 0.012  # seconds until the first of it arrives
_ONSET = 0.02  # seconds in which it becomes dense
# From this pitch on (Hz), it takes so many seconds to fall by 60 dB; low bass gets no hall at all.
_BANDS = ((120.0, 1.9), (500.0, 1.7), (2000.0, 1.3), (5000.0, 0.8), (9000.0, 0.45))
_SEED = 1979


def reverberated(blocks: Iterable[Samples], rate: int, wet: float) -> Iterator[Samples]:
    """Stereo blocks with a hall added, as long as they were: what rings on after the last is lost.

    Args:
        blocks: float32 [2, N], N never more than that of the first.
        wet: amplitude of the hall against what is played; steady noise keeps its level at 1.
    """
    if wet == 0:
        yield from blocks
        return
    hall = _hall(rate)
    ringing = np.zeros_like(hall)
    size, spectrum = 0, np.zeros(0, np.complex64)
    for block in blocks:
        length = block.shape[1]
        if not size:
            size = scipy.fft.next_fast_len(length + hall.shape[1] - 1, real=True)
            spectrum = scipy.fft.rfft(hall * np.float32(wet), size)
        struck = scipy.fft.rfft(block.mean(0), size)
        found: Samples = scipy.fft.irfft(struck * spectrum, size)
        found[:, : hall.shape[1]] += ringing
        yield block + found[:, :length]
        ringing = found[:, length : length + hall.shape[1]]
        ringing = np.pad(ringing, ((0, 0), (0, hall.shape[1] - ringing.shape[1])))


def _hall(rate: int) -> Samples:
    """What a click leaves: noise that dies away, high pitches sooner; float32 [2, N].

    Moorer 1979, "About This Reverberation Business": it sounds like a concert hall, as measured
    ones look like this. Both sides have noise of their own, so that the hall is wide.
    """
    length = round(_SECONDS * rate)
    noise = np.random.default_rng(_SEED).standard_normal((2, length), np.float32)
    spectrum = scipy.fft.rfft(noise)
    pitch = np.arange(spectrum.shape[1]) * rate / length
    times = np.arange(length) / rate
    found = np.zeros((2, length))
    for (low, fall), (high, _) in zip(_BANDS, (*_BANDS[1:], (np.inf, 0)), strict=True):
        band = _above(pitch, low) - _above(pitch, high)
        found += scipy.fft.irfft(spectrum * band, length) * 10 ** (-3 * times / fall)
    found *= np.clip(times / _ONSET, 0, 1) * np.clip((_SECONDS - times) / (_SECONDS / 4), 0, 1)
    late = round(_BEFORE * rate)
    found = np.pad(found, ((0, 0), (late, 0)))
    return np.asarray(found / np.sqrt((found**2).sum(1, keepdims=True)), np.float32)


def _above(pitch: npt.NDArray[np.float64], border: float) -> npt.NDArray[np.float64]:
    """From 0 to 1 within half an octave on either side of a border."""
    octaves = (
        np.log2(np.maximum(pitch, 1) / border) if np.isfinite(border) else np.full(len(pitch), -1.0)
    )
    return np.asarray(0.5 + 0.5 * np.sin(np.pi * np.clip(octaves, -0.5, 0.5)))
