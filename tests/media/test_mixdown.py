"""Many channels become two or one by the coefficients of ITU-R BS.775."""

from __future__ import annotations

import numpy as np
import pytest

from aigc_edit.media import SoundConverter, SoundReader, probe
from aigc_edit.media.mixdown import channel_names, fitted, mix_matrix
from aigc_edit.timeline import Span
from tests.media.films import told_by_ffmpeg
from tests.media.test_sound import RATE

DOWN = 0.5**0.5
FIVE = {
    "FL": (1, 0),
    "FR": (0, 1),
    "FC": (DOWN, DOWN),
    "LFE": (0, 0),
    "BL": (DOWN, 0),
    "BR": (0, DOWN),
    "SL": (DOWN, 0),
    "SR": (0, DOWN),
}


def alone(layout: str, channel: str, channels: int) -> np.ndarray:
    """Peak in each output channel of a tone of full scale in one channel."""
    names = channel_names(layout)
    samples = np.zeros((len(names), RATE), np.float32)
    samples[names.index(channel)] = np.sin(np.arange(RATE))
    return np.abs(SoundConverter(RATE, layout, RATE, channels).converted(samples)).max(axis=1)


@pytest.mark.parametrize(
    ("layout", "channel"),
    [(layout, n) for layout in ("5.1", "5.1(side)", "7.1") for n in channel_names(layout)],
)
def test_each_channel_alone_comes_out_at_its_level(layout, channel):
    rows = np.array([FIVE[name] for name in channel_names(layout)])
    expected = np.array(FIVE[channel]) / rows.sum(axis=0).max()

    assert alone(layout, channel, 2) == pytest.approx(expected, abs=1e-3)
    assert alone(layout, channel, 1)[0] == pytest.approx(expected.mean(), abs=1e-3)


@pytest.mark.parametrize(
    "layout", ["2.1", "3.0", "quad", "5.0", "5.1", "6.1", "7.1", "22.2", "6 channels", "9 channels"]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_channels_that_are_all_full_never_go_over_full_scale(layout, channels):
    samples = np.ones((len(channel_names(layout)), 100), np.float32)
    mixed = SoundConverter(RATE, layout, RATE, channels).converted(samples)

    assert mixed.shape == (channels, 100)
    assert 0.5 < mixed.max() <= 1 + 1e-6


def test_channels_without_a_layout_are_taken_for_the_usual_one():
    assert channel_names("6 channels") == channel_names("5.1")
    assert np.array_equal(mix_matrix("2 channels", 2), np.eye(2))


def test_mono_goes_to_both_sides_as_it_is():
    assert np.array_equal(mix_matrix("mono", 2), np.ones((2, 1)))


def test_stereo_within_a_surround_source_stays_in_front():
    there = fitted(np.ones((2, 5), np.float32), "stereo", "5.1")

    assert there.shape == (6, 5)
    assert there.sum(axis=1).tolist() == [5, 5, 0, 0, 0, 0]


def test_eight_channels_are_read_whole(tmp_path):
    # PyAV reads beyond the eighth plane of planar samples, and crashed there.
    tones = "|".join(f"{0.1 * k:.1f}*sin({2000 * k}*t)" for k in range(1, 9))
    clip = tmp_path / "8.mkv"
    told_by_ffmpeg(
        *("-f", "lavfi", "-i", f"aevalsrc='{tones}':c=7.1:s={RATE}:d=1"),
        *("-f", "lavfi", "-i", "color=s=64x64:r=25:d=1", "-c:a", "flac", str(clip)),
    )
    heard = np.concatenate(list(SoundReader(probe(clip)).blocks(Span(0, 1))), axis=1)

    assert heard.shape == (8, RATE)
    assert np.abs(heard).max(axis=1) == pytest.approx(0.1 * np.arange(1, 9), abs=0.01)
