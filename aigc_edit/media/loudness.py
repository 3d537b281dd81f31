"""Loudness as broadcasters measure it: ITU-R BS.1770-4, EBU R128 (Tech 3341)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from aigc_edit.media.arrays import Samples

_HOPS_A_WINDOW = 4  # momentary loudness looks at 400 ms
_ABSOLUTE_GATE = -70.0  # LUFS
_RELATIVE_GATE = -10.0  # LU
_OFFSET = -0.691  # dB, so that a 997 Hz sine at 0 dBFS reads -3.01 LUFS
_AT_ONCE = 2**16  # samples; filters take many times the memory of what they hear
_OVERSAMPLING = 4  # BS.1770-4 annex 2, at 48 kHz
_REACH = 10  # samples on each side that a value between two is made of
_KAISER_BETA = 5.0
_K_SECONDS = 0.2
_PIECE, _MARGIN = 512, 64  # samples that PeakFinder looks at together, and beside them
_RISE = 1.5  # 3.5 dB
# Weights of 5.1 in FFmpeg's order (L R C LFE Ls Rs); all other layouts weigh 1.
_SURROUND_WEIGHTS = (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a programme measures: integrated LUFS, true peak dBTP; SILENCE if there is none."""

    integrated: float
    true_peak: float


class LoudnessMeter:
    """Measures a programme block by block; blocks may have any length.

    Args:
        rate: samples a second.
        channels: channels of the samples to come.
        peaks: whether to measure true peaks as well (four times the work).

    >>> meter = LoudnessMeter(rate=48_000, channels=2)
    >>> meter.add(np.zeros((2, 48_000), np.float32))
    >>> meter.result().integrated == LoudnessMeter.SILENCE
    True
    """

    HOP_SECONDS: Final = 0.1  # between values of `momentary`
    SILENCE: Final = -120.0  # LUFS and dBTP, where there is nothing to measure

    def __init__(self, rate: int, channels: int, *, peaks: bool = True) -> None:
        self._hop = rate * self.HOP_SECONDS  # samples; no whole number at 11,025 Hz
        self._hops_done = 0
        self._filter = _KFilter(rate, channels)
        weights = _SURROUND_WEIGHTS if channels == 6 else (1.0,) * channels
        self._weights = np.array(weights)[:, None]
        self._left = np.zeros(0)
        self._power: list[npt.NDArray[np.float64]] = []
        self._peaks = _PeakMeter(channels) if peaks else None

    def add(self, samples: Samples) -> None:
        """Measures float32 [C, N] more."""
        for first in range(0, samples.shape[1], _AT_ONCE):
            self._measure(samples[:, first : first + _AT_ONCE])

    def _measure(self, samples: Samples) -> None:
        power = (self._weights * np.square(self._filter(samples))).sum(axis=0)
        self._gather(np.concatenate([self._left, power]))
        if self._peaks is not None:
            self._peaks.add(samples)

    def _gather(self, power: npt.NDArray[np.float64]) -> None:
        """Means over hops of 100 ms, which begin at the nearest samples."""
        first = round(self._hops_done * self._hop)
        count = int((first + len(power)) / self._hop + 1e-9) - self._hops_done
        edges = np.rint((self._hops_done + np.arange(count + 1)) * self._hop).astype(int) - first
        edges = edges[edges <= len(power)]
        if len(edges) > 1:
            sums = np.add.reduceat(power[: edges[-1]], edges[:-1])
            self._power.append(sums / np.diff(edges))
            self._hops_done += len(edges) - 1
        self._left = power[edges[-1] :]

    def momentary(self) -> npt.NDArray[np.float32]:
        """Momentary loudness (400 ms) every 100 ms, LUFS: float32 [N], at the window's middle."""
        power = self._hops()
        if not len(power):
            return np.zeros(0, np.float32)
        padded = np.concatenate([power[:1].repeat(2), power, power[-1:]])
        momentary: npt.NDArray[np.float32] = _lufs(_windowed(padded)).astype(np.float32)
        return momentary[: len(power)]

    def result(self) -> Loudness:
        """Integrated loudness, gated, and true peak."""
        peak = self._peaks.peak() if self._peaks is not None else LoudnessMeter.SILENCE
        return Loudness(_gated(_windowed(self._hops())), peak)

    def _hops(self) -> npt.NDArray[np.float64]:
        return np.concatenate([np.zeros(0), *self._power])


class TruePeaks:
    """Finds the true peak of every sample (BS.1770-4 annex 2), block by block.

    A sample is judged when the filter has seen enough on both sides of it, so that results come
    `DELAY` samples late, and do not depend on how the blocks are cut.
    """

    DELAY = 64

    def __init__(self, channels: int) -> None:
        self._held = np.zeros((channels, 2 * self.DELAY), np.float32)

    def add(self, samples: Samples) -> npt.NDArray[np.float32]:
        """float32 [N]: the highest absolute value around each of N samples, DELAY ago."""
        joined = np.concatenate([self._held, samples], axis=1)
        self._held = joined[:, joined.shape[1] - 2 * self.DELAY :]
        judged = _between(joined).max(axis=0)[self.DELAY : -self.DELAY]
        return np.asarray(judged, np.float32)

    def rest(self) -> npt.NDArray[np.float32]:
        """float32 [DELAY]: the last samples, after which there is silence."""
        return self.add(np.zeros((len(self._held), self.DELAY), np.float32))


class _PeakMeter:
    def __init__(self, channels: int) -> None:
        self._peaks = TruePeaks(channels)
        self._peak = 0.0

    def add(self, samples: Samples) -> None:
        self._peak = max(self._peak, float(self._peaks.add(samples).max(initial=0)))

    def peak(self) -> float:
        peak = max(self._peak, float(self._peaks.rest().max()))
        return 20 * math.log10(peak) if peak > 1e-6 else LoudnessMeter.SILENCE


class PeakFinder:
    """The true peak of a programme, oversampled only where it can be (for a measure, not a map).

    Between samples a signal rises by little more than 3 dB (a quarter of the sample rate at 45
    degrees); so what lies `_RISE` below the highest peak so far need not be looked at.
    """

    def __init__(self, channels: int) -> None:
        self._held = np.zeros((channels, 2 * _MARGIN), np.float32)
        self._peak = 0.0

    def add(self, samples: Samples) -> None:
        """Measures float32 [C, N] more."""
        joined = np.concatenate([self._held, samples], axis=1)
        whole = (joined.shape[1] - 2 * _MARGIN) // _PIECE * _PIECE
        self._held = joined[:, whole:]
        if whole:
            self._look(joined[:, : whole + 2 * _MARGIN])

    def _look(self, joined: Samples) -> None:
        size = _PIECE + 2 * _MARGIN
        pieces = np.lib.stride_tricks.sliding_window_view(joined, size, axis=1)[:, ::_PIECE]
        pieces = pieces.reshape(-1, size)
        highest = np.abs(pieces).max(axis=1)
        self._peak = max(self._peak, float(highest.max(initial=0)))
        near = pieces[highest * _RISE > self._peak]
        if len(near):
            inner = _between(near)[:, _MARGIN:-_MARGIN]
            self._peak = max(self._peak, float(inner.max()))

    def peak(self) -> float:
        """dBTP, LoudnessMeter.SILENCE where there is nothing; ends the programme."""
        self.add(np.zeros((len(self._held), 2 * _PIECE), np.float32))
        return 20 * math.log10(self._peak) if self._peak > 1e-6 else LoudnessMeter.SILENCE


def _windowed(hops: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean power of 400 ms windows, one every 100 ms."""
    if len(hops) < _HOPS_A_WINDOW:
        return hops.mean(keepdims=True) if len(hops) else hops
    sums = np.concatenate([[0.0], np.cumsum(hops)])
    means: npt.NDArray[np.float64] = np.subtract(sums[_HOPS_A_WINDOW:], sums[:-_HOPS_A_WINDOW])
    return means / _HOPS_A_WINDOW


def _lufs(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.maximum(_OFFSET + 10 * np.log10(np.maximum(power, 1e-13)), LoudnessMeter.SILENCE)


def _gated(windows: npt.NDArray[np.float64]) -> float:
    loud = windows[_lufs(windows) >= _ABSOLUTE_GATE]
    if not len(loud):
        return LoudnessMeter.SILENCE
    gate = float(_lufs(loud.mean(keepdims=True))[0]) + _RELATIVE_GATE
    kept = loud[_lufs(loud) >= gate]
    return float(_lufs(kept.mean(keepdims=True))[0])


def _between(samples: Samples) -> npt.NDArray[np.float32]:
    """The highest absolute value at and between samples [C, N], four times oversampled."""
    highest = np.zeros(samples.shape, np.float32)
    for taps in _phases():
        for row, best in zip(samples, highest, strict=True):
            found = np.convolve(row, taps)[_REACH : _REACH + len(row)]
            np.maximum(best, np.abs(found), out=best)
    return highest


@cache
def _phases() -> tuple[npt.NDArray[np.float32], ...]:
    """The four phases of a low pass at the old Nyquist frequency: a sinc in a Kaiser window."""
    places = np.arange(-_REACH * _OVERSAMPLING, _REACH * _OVERSAMPLING + 1)
    taps = np.sinc(places / _OVERSAMPLING) * np.kaiser(len(places), _KAISER_BETA)
    taps *= _OVERSAMPLING / taps.sum()
    return tuple(taps[phase::_OVERSAMPLING].astype(np.float32) for phase in range(_OVERSAMPLING))


class _KFilter:
    """BS.1770's K filter, block by block. By FFT: its answer to a click is over in a fifth of a
    second to the last bit of a double, and importing a library of filters takes longer than that.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._held = np.zeros((channels, round(rate * _K_SECONDS)))

    def __call__(self, samples: Samples) -> npt.NDArray[np.float64]:
        """float64 [C, N] for [C, N], continuous from block to block."""
        joined = np.concatenate([self._held, samples], axis=1)
        self._held = joined[:, joined.shape[1] - self._held.shape[1] :]
        size = 1 << (joined.shape[1] - 1).bit_length()
        spectrum = np.fft.rfft(joined, size, axis=1) * _k_response(self._rate, size)
        weighted: npt.NDArray[np.float64] = np.fft.irfft(spectrum, size, axis=1)
        return weighted[:, self._held.shape[1] : joined.shape[1]]


@lru_cache(maxsize=8)
def _k_response(rate: int, size: int) -> npt.NDArray[np.complex128]:
    """The K filter at the frequencies of an FFT (analogue prototypes, bilinear)."""
    shelf = _section(rate, 1681.974450955533, 0.7071752369554196, gain_db=3.999843853973347)
    highpass = _section(rate, 38.13547087602444, 0.5003270373238773, gain_db=None)
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)  # of one sample
    delays = np.stack([np.ones_like(delay), delay, delay**2])
    response: npt.NDArray[np.complex128] = np.ones_like(delay)
    for section in (shelf, highpass):
        response = response * (section[:3] @ delays) / (section[3:] @ delays)
    return response


def _section(
    rate: int, frequency: float, q: float, gain_db: float | None
) -> npt.NDArray[np.float64]:
    k = math.tan(math.pi * min(frequency, 0.49 * rate) / rate)
    scale = 1 + k / q + k * k
    poles = [1.0, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]
    if gain_db is None:
        return np.array([1.0, -2.0, 1.0, *poles])
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    zeros = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    return np.array([z / scale for z in zeros] + poles)
