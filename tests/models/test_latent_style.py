"""Latents of a film take looks: statistics followed calmly, brush work that stays in its place."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from aigc_edit.models.moments import Matching, Moments, matching
from aigc_edit.models.vae import LatentLook, LatentStyle
from aigc_edit.models.vae.moving import MovingMoments
from aigc_edit.models.vae.strokes import Strokes

pytestmark = pytest.mark.usefixtures("one_thread")

CHANNELS = 5
SECOND = Fraction(1)


def latents(seed: int, size: tuple[int, int] = (20, 30)) -> torch.Tensor:
    """Smooth, correlated, [1, 5, h, w]."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(CHANNELS, CHANNELS, generator=generator)
    rough = torch.randn(1, CHANNELS, *size, generator=generator)
    smooth = rough + torch.nn.functional.avg_pool2d(rough, 5, 1, 2) * 3
    return torch.einsum("dc,tchw->tdhw", mixing, smooth)


def like(found: torch.Tensor, wanted: torch.Tensor, share: float) -> bool:
    """Whether covariances differ by no more than that share of the wanted one."""
    goal = Moments.of(wanted).covariance
    return bool((Moments.of(found).covariance - goal).norm() <= share * goal.norm())


@pytest.mark.parametrize("brush", [0, 0.5, 1])
def test_latents_take_the_statistics_of_the_picture(brush):
    picture, own = latents(1), latents(2)
    found = LatentStyle([LatentLook(picture)], Matching.MONGE, brush).over(own, Fraction(0))

    assert not like(own, picture, 0.5)
    assert like(found, picture, 0.3)  # what is mixed, or stretched far, has less contrast
    torch.testing.assert_close(found.mean((2, 3)), picture.mean((2, 3)), atol=1e-3, rtol=0)


def test_a_picture_is_painted_of_its_own_patches():
    picture = latents(1)
    painted = Strokes(picture).over(picture)

    torch.testing.assert_close(painted[..., 2:-2, 2:-2], picture[..., 2:-2, 2:-2])


def test_every_size_can_be_painted_even_after_another():
    strokes = Strokes(latents(1, (3, 3)))
    for size in ((1, 1), (2, 9), (40, 3)):
        assert strokes.over(latents(2, size)).shape == (1, CHANNELS, *size)


def test_more_places_than_are_compared_at_once(monkeypatch):
    own, picture = latents(2), latents(1)
    whole = Strokes(picture).over(own)
    monkeypatch.setattr("aigc_edit.models.vae.strokes._AT_ONCE", 77)
    strokes = Strokes(picture)

    torch.testing.assert_close(strokes.over(own), whole)
    torch.testing.assert_close(strokes.over(own), whole)  # and with patches to be loyal to


def test_places_keep_their_patches_unless_another_is_clearly_more_similar():
    loyal, own = Strokes(latents(1)), latents(2)
    before = loyal.over(own)
    noisy = own + 0.1 * latents(3)
    fresh = Strokes(latents(1)).over(noisy)

    assert (loyal.over(noisy) - before).abs().mean() < 0.5 * (fresh - before).abs().mean()
    assert not torch.equal(loyal.over(latents(4)), before)
    loyal.forget()
    assert torch.equal(loyal.over(noisy), fresh)


def test_moments_follow_in_time_whatever_the_frame_rate():
    one, other = Moments.of(latents(1)), Moments.of(latents(1) * 1.05)

    def after_a_second(rate: int) -> torch.Tensor:
        moving = MovingMoments()
        moving.after(one, Fraction(0))
        for frame in range(1, rate + 1):
            found = moving.after(other, Fraction(frame, rate))
        return found.covariance

    torch.testing.assert_close(after_a_second(60), after_a_second(10))
    torch.testing.assert_close(after_a_second(7), after_a_second(1))


def test_a_jump_begins_anew():
    moving = MovingMoments()
    moving.after(Moments.of(latents(1)), Fraction(0))
    new = Moments.of(latents(2) + 5)

    assert moving.after(new, SECOND / 25) is new
    assert moving.after(Moments.of(latents(2) + 5.01), 2 * SECOND / 25) is not new


def test_nothing_is_stretched_more_than_four_times():
    faint, wanted = Moments.of(latents(1) * 1e-3), Moments.of(latents(2))
    for how in (Matching.MONGE, Matching.WHITENING):
        stretched = torch.linalg.matrix_norm(
            matching(faint.within_reach(wanted), wanted, how).matrix, ord=2
        )

        assert 3.9 < stretched <= 4 + 1e-6


def test_distances_are_jeffreys_divergence_of_channels():
    one, other = (torch.distributions.Normal(*args) for args in ((0.0, 1.0), (0.7, 2.0)))
    kl = torch.distributions.kl_divergence
    expected = float(kl(one, other) + kl(other, one))
    first, second = (
        Moments(
            torch.tensor([float(d.mean)]).double(), torch.tensor([[float(d.variance)]]).double()
        )
        for d in (one, other)
    )

    assert first.distance(second) == pytest.approx(expected)
    assert first.distance(first) == 0
