"""Fades at seams and nowhere else, to the sample."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import AudioBlock, SoundContext, Timeline
from aigc_edit.stages.audio.fades import Fades

RATE = 48_000
SEAM = 240  # samples of 5 ms


def faded(samples: np.ndarray, *seams: Fraction, block: int | None = None, **options) -> np.ndarray:
    count = samples.shape[1]
    stage = Fades(Fades.Options(**options))
    stage.begin(SoundContext(RATE, len(samples), count, seams, Timeline(Fraction(count, RATE))))
    size = block or count
    pieces = [
        stage.apply(AudioBlock(samples[:, at : at + size], RATE, at))
        for at in range(0, count, size)
    ]
    return np.concatenate(pieces, axis=1)


def ones(seconds: float = 1) -> np.ndarray:
    return np.ones((2, round(seconds * RATE)), np.float32)


def test_only_the_samples_around_a_seam_change():
    gain = faded(ones(), Fraction(1, 2))[0]
    changed = np.flatnonzero(gain != 1)
    seam = RATE // 2

    assert (changed[0], changed[-1]) == (seam - SEAM, seam + SEAM - 1)
    assert np.all(np.diff(gain[seam - SEAM : seam]) < 0)
    assert np.all(np.diff(gain[seam : seam + SEAM]) > 0)
    assert gain[seam - 1] == gain[seam] < 1e-4


def test_both_channels_are_faded_alike():
    left, right = faded(ones(), Fraction(1, 3))

    assert np.array_equal(left, right)


def test_without_seams_nothing_changes():
    samples = np.random.default_rng(0).normal(0, 0.1, (2, RATE)).astype(np.float32)

    assert np.array_equal(faded(samples), samples)
    assert np.array_equal(faded(samples, Fraction(1, 2), seam="0s"), samples)


def test_the_start_and_the_end_fade_where_asked():
    gain = faded(ones(), start="100ms", end="200ms")[0]

    assert gain[0] < 1e-4
    assert gain[4700] < 1 == gain[4800] == gain[RATE - 9601]
    assert gain[RATE - 9500] < 1
    assert gain[-1] < 1e-4


@pytest.mark.parametrize("block", [1, 100, 239, 240, 241, 999])
def test_blocks_of_any_length_give_the_same(block):
    samples = np.random.default_rng(0).normal(0, 0.1, (1, RATE // 10)).astype(np.float32)
    seams = (Fraction(1, 20), Fraction(1, 19))

    whole = faded(samples, *seams, start="10ms", end="20ms")
    assert np.array_equal(faded(samples, *seams, start="10ms", end="20ms", block=block), whole)


def test_what_goes_in_stays_as_it_is():
    samples = ones()
    samples.setflags(write=False)
    out = faded(samples, Fraction(1, 2))

    assert samples.min() == 1
    assert out.dtype == np.float32


def test_fades_that_are_longer_than_the_whole_are_no_trouble():
    gain = faded(ones(0.01), Fraction(1, 200), start="1s", end="1s")

    assert gain.shape == (2, 480)
    assert 0 <= gain.min() <= gain.max() < 0.1
