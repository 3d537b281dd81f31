"""Loudness agrees with the standard, and with FFmpeg's own meter."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from aigc_edit.media import Loudness, LoudnessMeter
from tests.media.films import told_by_ffmpeg
from tests.tolerances import LOUDNESS, TRUE_PEAK

RATE = 48_000


def sine(hertz: float, level_db: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """float32 [1, N]."""
    phase = 2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate
    return (10 ** (level_db / 20) * np.sin(phase))[None].astype(np.float32)


def pauses(seconds: int, channels: int, rate: int = RATE) -> np.ndarray:
    """float32 [C, N]: noise, loud, quiet and not at all."""
    chosen = np.random.default_rng(3)
    sound = chosen.normal(0, 0.1, (channels, seconds * rate))
    gains = np.repeat(chosen.choice([0, 0.01, 0.1, 0.5, 1.0], 2 * seconds), rate // 2)
    return np.clip(sound * gains, -1, 1).astype(np.float32)


def measured(samples: np.ndarray, *, rate: int = RATE, block: int | None = None) -> Loudness:
    meter = LoudnessMeter(rate, len(samples))
    for at in range(0, samples.shape[1], block or samples.shape[1]):
        meter.add(samples[:, at : at + (block or samples.shape[1])])
    return meter.result()


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("level", [-20.0, -40.0])
def test_a_tone_reads_what_the_standard_says(rate, level):
    # BS.1770: 997 Hz at 0 dBFS in one channel reads -3.01 LUFS.
    result = measured(sine(997, level, 5, rate), rate=rate)

    assert result.integrated == pytest.approx(level - 3.01, abs=LOUDNESS)
    assert result.true_peak == pytest.approx(level, abs=TRUE_PEAK)


def test_a_tone_in_both_channels_is_three_units_louder():
    tone = np.repeat(sine(997, -20, 5), 2, axis=0)

    assert measured(tone).integrated == pytest.approx(-20, abs=LOUDNESS)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [  # EBU Tech 3341, cases 3 to 5: (level in dBFS, seconds), stereo
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_gates_as_the_ebu_asks(parts, expected):
    tone = np.concatenate([sine(997, level, seconds, 8000) for level, seconds in parts], axis=1)
    stereo = np.repeat(tone, 2, axis=0)

    assert measured(stereo, rate=8000).integrated == pytest.approx(expected, abs=LOUDNESS)


def by_ffmpeg(path: Path, samples: np.ndarray, rate: int) -> Loudness:
    """What FFmpeg's ebur128 filter says."""
    path.write_bytes(np.ascontiguousarray(samples.T).tobytes())
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
    told = told_by_ffmpeg(
        "-f", "f32le", "-ar", str(rate), "-ac", str(len(samples)), "-channel_layout", layout,
        "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-",
    ).stderr.decode().rpartition("Summary:")[2]  # fmt: skip
    integrated = re.search(r"I:\s+(-?[\d.]+) LUFS", told)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", told)
    assert integrated
    assert peak
    return Loudness(float(integrated[1]), float(peak[1]))


@pytest.mark.parametrize(("channels", "rate"), [(1, 48_000), (2, 48_000), (2, 44_100), (6, 48_000)])
def test_agrees_with_ffmpeg_on_noise_with_pauses(tmp_path, channels, rate):
    samples = pauses(12, channels, rate)
    ours, theirs = measured(samples, rate=rate), by_ffmpeg(tmp_path / "n.f32", samples, rate)

    assert ours.integrated == pytest.approx(theirs.integrated, abs=LOUDNESS)
    # FFmpeg says tenths, and interpolates by another filter.
    assert ours.true_peak == pytest.approx(theirs.true_peak, abs=3 * TRUE_PEAK)


@pytest.mark.parametrize("count", [0, 1, 100, RATE, 5 * RATE])
def test_silence_reads_silence(count):
    result = measured(np.zeros((2, count), np.float32), block=RATE)

    assert result == Loudness(LoudnessMeter.SILENCE, LoudnessMeter.SILENCE)


def test_what_is_below_the_gate_is_silence():
    assert measured(sine(997, -80, 3)).integrated == LoudnessMeter.SILENCE


@pytest.mark.parametrize("block", [1000, 4799, 4800, 4801, 48_000])
def test_any_length_of_block_gives_the_same_loudness(block):
    samples = pauses(4, 2)
    whole, portioned = measured(samples), measured(samples, block=block)

    assert portioned.integrated == pytest.approx(whole.integrated, abs=1e-6)


@pytest.mark.parametrize("block", [1000, 48_000])
@pytest.mark.parametrize("hertz", [50.0, 997.0, 5000.0])
def test_any_length_of_block_gives_the_same_true_peak(block, hertz):
    # A fade at both ends, so that only the middle can hold the peak.
    tone = sine(hertz, -1, 2)
    tone *= np.clip(
        np.minimum(np.arange(2 * RATE), 2 * RATE - np.arange(2 * RATE)) / RATE * 2, 0, 1
    )
    whole, portioned = measured(tone), measured(tone, block=block)

    assert portioned.true_peak == pytest.approx(whole.true_peak, abs=0.01)


@pytest.mark.parametrize("phase", [45, 60, 67.5])
def test_a_peak_between_samples_is_found(phase):
    # EBU Tech 3341, cases 16 and on: a quarter of the rate, never sampled at its peak.
    time = np.arange(RATE)
    tone = 0.5 * np.sin(2 * np.pi * time / 4 + np.radians(phase))
    tone *= np.clip(np.minimum(time, RATE - time) / 4800, 0, 1)
    samples = tone[None].astype(np.float32)

    assert 20 * np.log10(np.abs(samples).max()) < -6.2
    assert measured(samples).true_peak == pytest.approx(-6.02, abs=TRUE_PEAK)


def test_a_late_peak_is_found_after_louder_samples_elsewhere():
    quiet, loud = sine(1000, -30, 1), sine(1000, -10, 0.2)
    result = measured(np.concatenate([quiet, loud, quiet], axis=1), block=1000)

    assert result.true_peak == pytest.approx(-10, abs=0.5)


def test_the_momentary_curve_follows_in_tenths_of_a_second():
    step = np.concatenate([np.zeros((1, 2 * RATE), np.float32), sine(997, -20, 2)], axis=1)
    meter = LoudnessMeter(RATE, 1, peaks=False)
    meter.add(step)
    curve = meter.momentary()

    assert len(curve) == 40
    assert curve[:18].max() < -70
    assert curve[22:] == pytest.approx(-23.01, abs=LOUDNESS)
    assert np.all(np.diff(curve[17:23]) >= 0)


@pytest.mark.parametrize("rate", [11_025, 22_050])
def test_the_momentary_curve_does_not_drift(rate):
    # Ten minutes of silence, then a tone: its place is known to the tenth of a second.
    meter = LoudnessMeter(rate, 1, peaks=False)
    minute = np.zeros((1, 60 * rate), np.float32)
    for _ in range(10):
        meter.add(minute)
    meter.add(sine(997, -20, 2, rate))
    curve = meter.momentary()

    assert np.flatnonzero(curve > -30)[0] == pytest.approx(6000, abs=1)


def test_nothing_measured_is_nothing():
    assert len(LoudnessMeter(RATE, 2).momentary()) == 0
    assert LoudnessMeter(RATE, 2).result() == Loudness(LoudnessMeter.SILENCE, LoudnessMeter.SILENCE)
