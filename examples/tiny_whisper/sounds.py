"""Sounds in which nobody speaks: noise and chords."""

from __future__ import annotations

from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from tiny_whisper.speech import RATE

Sound = NDArray[np.float32]

_NOISES = 40  # kinds; making a new one each time would take a quarter of the training's time
_NOISE_SECONDS = 32
_HUMS = (50, 60, 100, 120)  # hertz


def noise(random: Random, count: int, *, unheard: bool = False) -> Sound:
    """Noise of some colour, about 1 in the mean square. [count], up to 30 s

    Args:
        unheard: one of those that are kept for measuring.
    """
    whole = _coloured(random.randrange(_NOISES) + _NOISES * unheard)
    first = random.randrange(len(whole) - count)
    return whole[first : first + count]


@lru_cache(maxsize=2 * _NOISES)
def _coloured(seed: int) -> Sound:
    """White to brown, with a hum in some."""
    source, count = np.random.default_rng(seed), _NOISE_SECONDS * RATE
    spectrum = np.fft.rfft(source.standard_normal(count))
    spectrum *= np.maximum(np.fft.rfftfreq(count, 1 / RATE), 40) ** -source.uniform(0, 1.2)
    made = np.fft.irfft(spectrum, count)
    made /= made.std()
    if source.random() < 0.3:
        made += np.sin(2 * np.pi * source.choice(_HUMS) * np.arange(count) / RATE)
    return made.astype(np.float32)


def chords(random: Random, count: int) -> Sound:
    """Chords that fade: something like music, with nobody singing. [count]"""
    music = np.zeros(count, np.float32)
    first = 0
    while first < count:
        length = min(int(random.uniform(0.2, 1) * RATE), count - first)
        at = np.arange(length) / RATE
        hertz = 110 * 2 ** (random.randrange(36) / 12) * np.array([[1], [1.25], [1.5], [2]])
        fading = np.exp(-at * random.uniform(1, 6)) / 4
        music[first : first + length] = np.sin(2 * np.pi * hertz * at).sum(0) * fading
        first += length
    return music
