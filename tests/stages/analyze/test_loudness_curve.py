"""How loud it is and where sounds begin, in tenths of a second."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import AnalysisContext, AudioBlock, LoudnessMeter, Timeline
from aigc_edit.stages.analyze.loudness import LoudnessCurve
from tests.tolerances import LOUDNESS

RATE = 48_000


def listened(samples: np.ndarray, *, rate: int = RATE, block: int = RATE, seconds=None):
    """(loudness, onset) of float32 [C, N]."""
    duration = Fraction(seconds) if seconds else Fraction(samples.shape[1], rate)
    stage = LoudnessCurve()
    stage.begin(AnalysisContext(duration, Fraction(25), rate))
    for at in range(0, samples.shape[1], block):
        stage.audio(AudioBlock(samples[:, at : at + block], rate, at))
    return stage.finish(Timeline(duration))


def clicks(*times: float, seconds: int = 6, rate: int = RATE) -> np.ndarray:
    """float32 [1, N]: a short burst of noise at each time, over faint noise."""
    chosen = np.random.default_rng(0)
    sound = chosen.normal(0, 1e-3, seconds * rate)
    for time in times:
        at = round(time * rate)
        sound[at : at + rate // 20] += chosen.normal(0, 0.3, rate // 20)
    return sound[None].astype(np.float32)


def test_a_tone_is_as_loud_as_the_standard_says():
    phase = 2 * np.pi * 997 * np.arange(4 * RATE) / RATE
    loudness, _ = listened((0.1 * np.sin(phase))[None].astype(np.float32))

    assert (loudness.name, loudness.rate, loudness.unit) == ("loudness", 10, "LUFS")
    assert len(loudness) == 40
    assert loudness.values[4:36] == pytest.approx(-23.01, abs=LOUDNESS)


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000])
def test_sounds_begin_where_they_begin(rate):
    times = (1.05, 2.55, 4.35)
    _, onset = listened(clicks(*times, rate=rate), rate=rate)
    strongest = sorted(np.argsort(onset.values)[-3:].tolist())

    assert (onset.name, onset.rate) == ("onset", 10)
    assert strongest == pytest.approx([t * 10 for t in times], abs=1)


@pytest.mark.parametrize("block", [1000, 4801, 200_000])
def test_blocks_do_not_matter(block):
    samples = clicks(0.5, 3.3)
    whole, portioned = listened(samples), listened(samples, block=block)

    for one, other in zip(whole, portioned, strict=True):
        assert one.values == pytest.approx(other.values, abs=1e-3)


def test_silence_has_no_loudness_and_no_onset():
    loudness, onset = listened(np.zeros((2, 3 * RATE), np.float32))

    assert np.all(loudness.values == LoudnessMeter.SILENCE)
    assert np.all(onset.values == 0)


def test_a_film_without_sound_has_silent_curves():
    stage = LoudnessCurve()
    stage.begin(AnalysisContext(Fraction(5, 2), Fraction(25), None))
    loudness, onset = stage.finish(Timeline(Fraction(5, 2)))

    assert loudness.values.tolist() == [LoudnessMeter.SILENCE] * 25
    assert onset.values.tolist() == [0] * 25


@pytest.mark.parametrize("seconds", ["0.01", "0.05", "5.5", "9"])
def test_curves_are_as_long_as_the_film(seconds):
    count = max(1, round(float(seconds) * RATE) - 100)
    sound = np.random.default_rng(0).normal(0, 0.1, (1, min(count, 5 * RATE)))
    loudness, onset = listened(sound.astype(np.float32), seconds=seconds)

    assert len(loudness) == len(onset) == int(np.ceil(float(seconds) * 10))
    assert np.isfinite(loudness.values).all()
    assert np.isfinite(onset.values).all()
