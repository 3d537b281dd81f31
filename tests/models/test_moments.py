"""Latents take the mean and covariance of others, and keep their own where those are the same."""

from __future__ import annotations

import pytest
import torch

from aigc_edit.models.moments import Matching, Moments, matching

CHANNELS = 6


def correlated(seed: int, size: tuple[int, int] = (30, 40)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(CHANNELS, CHANNELS, generator=generator)
    white = torch.randn(2, CHANNELS, *size, generator=generator)
    mean = torch.randn(CHANNELS, generator=generator)
    return torch.einsum("dc,tchw->tdhw", mixing, white) + mean[:, None, None]


@pytest.fixture
def own():
    return correlated(1)


@pytest.fixture
def wanted():
    return correlated(2, (17, 23))


def test_moments_are_those_of_all_places(own):
    flat = own.transpose(0, 1).flatten(1).double()
    moments = Moments.of(own)

    torch.testing.assert_close(moments.mean, flat.mean(1))
    torch.testing.assert_close(moments.covariance, flat.cov(correction=0))


@pytest.mark.parametrize("how", Matching)
def test_the_same_statistics_change_nothing(own, how):
    moments = Moments.of(own)

    torch.testing.assert_close(matching(moments, moments, how)(own), own, atol=1e-4, rtol=0)


@pytest.mark.parametrize("how", [Matching.WHITENING, Matching.MONGE])
def test_mean_and_covariance_become_the_wanted_ones(own, wanted, how):
    goal = Moments.of(wanted)
    found = Moments.of(matching(Moments.of(own), goal, how)(own))

    torch.testing.assert_close(found.mean, goal.mean, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.covariance, goal.covariance, atol=1e-3, rtol=0)


def test_channels_alone_take_mean_and_variance(own, wanted):
    goal = Moments.of(wanted)
    found = Moments.of(matching(Moments.of(own), goal, Matching.CHANNELS)(own))

    torch.testing.assert_close(found.mean, goal.mean, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        found.covariance.diagonal(), goal.covariance.diagonal(), atol=1e-3, rtol=0
    )
    assert not torch.allclose(found.covariance, goal.covariance, atol=0.1)


def test_no_other_map_moves_latents_less_than_monges(own, wanted):
    moved = {
        how: (matching(Moments.of(own), Moments.of(wanted), how)(own) - own).square().mean()
        for how in (Matching.WHITENING, Matching.MONGE)
    }

    assert moved[Matching.MONGE] < moved[Matching.WHITENING]


@pytest.mark.parametrize("how", Matching)
def test_no_strength_changes_nothing_and_half_goes_half_way(own, wanted, how):
    change = matching(Moments.of(own), Moments.of(wanted), how)

    assert torch.equal(change(own, strength=0.0), own)
    torch.testing.assert_close(change(own, strength=0.5), (own + change(own)) / 2)


@pytest.mark.parametrize("how", Matching)
def test_flat_pictures_and_single_pixels_stay_finite(own, how):
    flat = torch.full_like(own, 0.5)
    pixel = Moments.of(own[:1, :, :1, :1])
    onto_flat = matching(Moments.of(own), Moments.of(flat), how)(own)

    assert matching(Moments.of(flat), Moments.of(own), how)(flat).isfinite().all()
    assert matching(Moments.of(own), pixel, how)(own).isfinite().all()
    torch.testing.assert_close(onto_flat, flat, atol=0.05, rtol=0)


def test_two_references_are_blended(own, wanted):
    one, other = Moments.of(own), Moments.of(wanted)
    between = one.blended(other, 0.25)

    torch.testing.assert_close(between.mean, 0.75 * one.mean + 0.25 * other.mean)
    assert one.blended(other, 0.0).covariance.equal(one.covariance)
