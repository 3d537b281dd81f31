"""The whole programme lands on its target, under its ceiling."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import AudioBlock, LoudnessMeter, SoundContext, Timeline
from aigc_edit.stages.audio.loudnorm import LoudNorm
from tests.tolerances import LOUDNESS_TARGET, TRUE_PEAK

RATE = 48_000


def levelled(samples: np.ndarray, *, block: int = RATE, **options):
    """(what comes out, the report) for float32 [C, N]."""
    stage = LoudNorm(LoudNorm.Options(**options))
    count = samples.shape[1]
    stage.begin(SoundContext(RATE, len(samples), count, (), Timeline(Fraction(count, RATE))))
    blocks = [AudioBlock(samples[:, at : at + block], RATE, at) for at in range(0, count, block)]
    for piece in blocks:
        stage.measure(piece)
    out = np.concatenate([samples[:, :0], *(stage.apply(piece) for piece in blocks)], axis=1)
    return out, stage.report()


def measured(samples: np.ndarray):
    meter = LoudnessMeter(RATE, len(samples))
    meter.add(samples)
    return meter.result()


def programme(kind: str) -> np.ndarray:
    """float32 [2, N]: eight seconds."""
    chosen = np.random.default_rng(4)
    time = np.arange(8 * RATE) / RATE
    noise = chosen.normal(0, 0.05, (2, len(time)))
    syllables = np.clip(np.sin(2 * np.pi * 1.5 * time), 0, 1) ** 0.5
    sounds = {
        "noise": noise,
        "quiet": noise / 10,
        "loud": np.clip(noise * 8, -1, 1),
        "pauses": noise * (np.floor(time) % 2),
        "speech": noise * syllables,
        "tone": np.stack([0.3 * np.sin(2 * np.pi * 440 * time)] * 2),
        "claps": noise / 5 + (np.floor(time * 10) % 20 == 0) * (time % 0.1 < 0.003) * noise * 15,
    }
    return sounds[kind].astype(np.float32)


@pytest.mark.parametrize("target", ["-14 LUFS", "-23 LUFS"])
@pytest.mark.parametrize("kind", ["noise", "quiet", "loud", "pauses", "speech", "tone"])
def test_lands_on_the_target_and_under_the_ceiling(kind, target):
    out, _ = levelled(programme(kind), target=target)
    result = measured(out)

    assert result.integrated == pytest.approx(float(target.split()[0]), abs=LOUDNESS_TARGET)
    assert result.true_peak <= -1.5 + TRUE_PEAK


@pytest.mark.parametrize("ceiling", ["-1.5 dB", "-6 dB"])
def test_peaks_are_held_under_the_ceiling_even_where_the_target_is_missed(ceiling):
    out, report = levelled(programme("claps"), target="-10 LUFS", true_peak=ceiling)

    assert measured(out).true_peak <= float(ceiling.split()[0]) + TRUE_PEAK
    assert report["limited_by_db"] > 3
    assert np.isfinite(out).all()


def test_a_limiter_that_has_nothing_to_do_changes_no_shape():
    samples = programme("quiet")
    out, report = levelled(samples, target="-30 LUFS")
    gain = 10 ** (report["gain_db"] / 20)

    assert report["limited_by_db"] == 0
    assert np.abs(out - samples * gain).max() < 1e-4


def test_the_limiter_turns_down_only_around_a_peak():
    samples = programme("noise") / 10
    samples[:, 4 * RATE] = 0.9
    out, report = levelled(samples, target="-20 LUFS")
    away = np.r_[RATE : 4 * RATE - RATE // 20, 4 * RATE + RATE // 20 : 7 * RATE]
    ratio = np.median(out[0, away] / samples[0, away])

    assert report["limited_by_db"] > 3
    assert 20 * np.log10(ratio) == pytest.approx(report["gain_db"], abs=0.02)


@pytest.mark.parametrize("level", [0, 1e-6])
def test_silence_is_left_alone(level):
    samples = np.full((2, 3 * RATE), level, np.float32)
    out, report = levelled(samples)

    assert np.array_equal(out, samples)
    assert (report["measured_lufs"], report["gain_db"]) == (LoudnessMeter.SILENCE, 0)


@pytest.mark.parametrize("count", [1, 47, 48, 1000, 19_200])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_of_any_length_gives_numbers(count, channels):
    samples = np.random.default_rng(0).normal(0, 0.3, (channels, count)).astype(np.float32)
    out, _ = levelled(samples)

    assert out.shape == samples.shape
    assert np.isfinite(out).all()


@pytest.mark.parametrize("block", [1000, 4801, 400_000])
def test_blocks_of_any_length_give_the_same(block):
    samples = programme("pauses")[:, : 4 * RATE]
    whole, _ = levelled(samples)
    portioned, _ = levelled(samples, block=block)

    assert np.abs(portioned - whole).max() < 1e-3


def test_a_tone_that_just_fits_is_not_limited():
    time = np.arange(4 * RATE) / RATE
    tone = 10 ** (-1 / 20) * np.sin(2 * np.pi * 997 * time)
    tone *= np.clip(np.minimum(time, 4 - time) / 0.1, 0, 1)  # no edge that would ring
    _, report = levelled(tone[None].astype(np.float32), block=4801, target="-5 LUFS")

    assert -1 + report["gain_db"] < -1.55  # its peaks are under the ceiling already
    assert report["limited_by_db"] == 0


def test_much_too_quiet_a_sound_is_not_made_a_roar():
    _, report = levelled(programme("quiet") / 10)

    assert report["gain_db"] == 30


def test_the_report_says_what_was_measured_and_done():
    _, report = levelled(programme("tone"), target="-20 LUFS")

    assert report["gain_db"] == pytest.approx(-20 - report["measured_lufs"], abs=0.02)
    assert set(report) == {"measured_lufs", "measured_true_peak_db", "gain_db", "limited_by_db"}
