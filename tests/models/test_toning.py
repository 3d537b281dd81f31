"""Frames get the colours of a painting, each by itself, and fades stay fades."""

from __future__ import annotations

import pytest
import torch

from aigc_edit.models.gan.toning import palette, toned
from aigc_edit.models.moments import Moments

pytestmark = pytest.mark.usefixtures("one_thread")

LEVEL = 1 / 255
DUSK = Moments(
    torch.tensor([0.35, 0.4, 0.45], dtype=torch.float64),
    0.01 * (torch.eye(3, dtype=torch.float64) + 0.5),
)


@pytest.fixture(scope="module")
def frames():
    """Four frames of soft, warm noise that stay clear of black and white."""
    coarse = torch.rand(4, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    warm = torch.tensor([0.3, 0.2, 0.1])[:, None, None]
    return torch.nn.functional.interpolate(coarse, (90, 120), mode="bilinear") * 0.6 + warm


def test_a_frame_gets_the_mean_and_the_covariance_of_the_painting(frames):
    own, found = palette(frames[0]), palette(toned(frames[:1], DUSK, 1.0)[0])

    assert (own.mean - DUSK.mean).abs().max() > 0.1
    assert (found.mean - DUSK.mean).abs().max() < 0.02
    assert (found.covariance - DUSK.covariance).norm() < 0.35 * DUSK.covariance.norm()


def test_a_share_of_nothing_changes_nothing_and_half_changes_less(frames):
    none, half, full = (toned(frames, DUSK, share) for share in (0.0, 0.5, 1.0))

    torch.testing.assert_close(none, frames)
    torch.testing.assert_close(half, (none + full) / 2, atol=LEVEL, rtol=0)


def test_each_frame_is_toned_by_itself(frames):
    alone = torch.cat([toned(frame[None], DUSK, 1.0) for frame in frames])

    assert torch.equal(toned(frames, DUSK, 1.0), alone)


def test_a_fade_to_black_stays_one(frames):
    """Its colours go with its contrast, without a jump."""
    fade = torch.linspace(1, 0, 26)[:, None, None, None] * frames[:1]
    lightness = toned(fade, DUSK, 1.0).mean((1, 2, 3))

    assert lightness[-1] < LEVEL
    assert (lightness.diff() <= 0.01).all()
    assert lightness.diff().abs().max() < 0.1


def test_grain_and_fine_lines_have_no_part_in_it(frames):
    large = torch.nn.functional.interpolate(frames[:1], (720, 960), mode="bilinear")
    lined = large + 0.1 * ((torch.arange(720) % 2) - 0.5)[:, None]

    torch.testing.assert_close(palette(large[0]).mean, palette(lined[0]).mean)
    torch.testing.assert_close(palette(large[0]).covariance, palette(lined[0]).covariance)


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (361, 7)])
def test_frames_of_any_size_stay_within_black_and_white(size):
    out = toned(torch.rand(2, 3, *size), DUSK, 1.0)

    assert out.shape == (2, 3, *size)
    assert out.isfinite().all()
    assert out.min() >= 0
    assert out.max() <= 1
