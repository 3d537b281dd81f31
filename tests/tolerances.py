"""All tolerances, each with its owner and reason."""

from __future__ import annotations

import numpy as np
import pytest

# An AAC transient smears over a few milliseconds; half a frame at 30 fps is 16.7 ms.
SOUND_AGAINST_PICTURE = 0.008  # seconds
# A meter that follows BS.1770-4 agrees with another one that closely.
LOUDNESS = 0.1  # LU
LOUDNESS_TARGET = 0.5  # LU, EBU R128
# x264 at crf 20 and two conversions of colour.
CODED_LEVELS = 6.0


def assert_same_moment(picture: float, sound: float) -> None:
    assert sound == pytest.approx(picture, abs=SOUND_AGAINST_PICTURE)


def assert_levels_close(actual: np.ndarray, expected: np.ndarray) -> None:
    difference = np.abs(actual.astype(float) - expected.astype(float)).mean()

    assert difference <= CODED_LEVELS


# Mean over rising tones of 0.4 at a codec's default bit rate; shifts are compared apart.
CODED_SAMPLES = 0.015  # of full scale
# AAC and Opus fill bands with noise of their own, which begins anew after a seek.
AFTER_SEEK = 0.001  # of full scale, mean
# FFmpeg's resampler passes 440 Hz within a hundredth of a decibel; its delay would be far more.
RESAMPLED = 0.005  # of full scale
# Four times oversampling misses a peak by half a decibel at worst, a smooth one by far less.
TRUE_PEAK = 0.1  # dB
# Eight-bit planes and swscale's fixed point, each half a level, through the matrix.
PATCH_LEVELS = 2
# The same, and a product with alpha in each plane of eight bits.
COMPOSED_LEVELS = 3
# The bar that the project set itself: patches through RGB, x264 at crf 12, and back.
PATCH_MEAN_LEVELS, PATCH_WORST_LEVELS = 1.5, 4
# Two builds of swscale may round one product differently.
ONE_LEVEL = 1
# A table of 65 steps and eight bits, half a level of it rounding; more only where BT.709 ends.
TABLE_LEVELS = 0.5  # mean
HUE_DEGREES = 0.5  # in Oklab; what is not mapped turns no hue but by rounding
# Chroma on the wrong side of its pixels moves colours by half a pixel.
SITED_PIXELS = 0.1
# The tiny Whisper, on sentences of which half are in voices that it never heard.
WRONG_WORDS = 0.1
WORD_START = 0.06  # seconds, median; Whisper's own grid is 0.02
# As many patches and directions as a second of work allows; ratios of two distances vary less.
STYLE_DISTANCE = 0.02  # of itself, standard deviation
# Spectra of few windows are uneven, and bend.
NO_LATTICE = 0.1
# What the issue of the looks asks for: flicker over the source's own, and ghosts of a look that
# does not flicker.
STEADY_MUTED, STEADY_BUSY = 1.3, 2.5
GHOST_LEVELS = 2.0  # mean
# Rounding to bytes or bfloat16 on the way in and on the way out.
LOW_PRECISION_LEVELS = 1.0  # mean
# A semitone is 6 %, the ear's limit 0.3 %.
NOTE_PITCH = 0.001
# 80 dB under full scale; sixteen bits end at 96.
NOTHING_HEARD = 1e-4
# What a MIDI file may be off anywhere; its tempos are whole microseconds a quarter.
TEMPO_SECONDS = 0.001
# Onsets are looked at every 10 ms, through windows of 43 ms.
ON_THE_BEAT = 0.015  # seconds, median
