"""The autoencoder of frames: its bound is the published one, and every frame fits."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from aigc_edit.errors import ModelError
from aigc_edit.models.layers import Enlarged, mirrored, padded_side
from aigc_edit.models.training import Crops, TrainingPlan, save_weights, train
from aigc_edit.models.vae import (
    FrameVae,
    FrameVaeObjective,
    Posterior,
    VaeConfig,
    VaeRecipe,
    gaussian_nats,
    kl_nats,
    reconstruction,
)

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = VaeConfig(latents=4, width=12, looks=1, paints=1)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(1)
    return FrameVae(SMALL).eval()


@pytest.fixture(scope="module")
def pictures():
    """Soft blobs of colour, 72 x 96."""
    small = np.random.default_rng(1).integers(0, 255, (3, 3, 4, 3), np.uint8)
    return [cv2.resize(one, (96, 72), interpolation=cv2.INTER_CUBIC) for one in small]


def test_the_divergence_is_the_one_of_torchs_distributions():
    mean, log_variance = torch.randn(50), torch.randn(50)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))

    torch.testing.assert_close(kl_nats(mean, log_variance), expected)


def test_the_distortion_is_the_one_of_torchs_distributions():
    x, mean, variance = torch.randn(50), torch.randn(50), torch.tensor(0.3)
    expected = -Normal(mean, variance.sqrt()).log_prob(x)

    torch.testing.assert_close(gaussian_nats(x - mean, variance), expected)


def test_draws_from_a_posterior_have_its_mean_and_variance():
    torch.manual_seed(1)
    drawn = Posterior(torch.full((100_000,), 2.0), torch.full((100_000,), math.log(0.25))).sample()

    assert drawn.mean().item() == pytest.approx(2, abs=0.01)
    assert drawn.var().item() == pytest.approx(0.25, rel=0.02)


def test_the_bound_is_nats_of_each_value_under_the_models_own_variance(pictures):
    torch.manual_seed(3)
    objective = FrameVaeObjective(pictures, VaeRecipe(side=32, batch=2), SMALL)
    net = objective.nets["vae"]
    frames = torch.rand(2, 3, 32, 32)
    torch.manual_seed(4)
    bound, error = objective.bound(frames)
    torch.manual_seed(4)
    posterior = net.encode(frames)
    made = net.decode(posterior.sample(), 32, 32)
    likelihood = Normal(made, net.variance.sqrt()).log_prob(frames).sum()
    prior = kl_divergence(
        Normal(posterior.mean, (posterior.log_variance / 2).exp()), Normal(0.0, 1.0)
    )

    torch.testing.assert_close(bound.elbo, (likelihood - prior.sum()) / frames.numel())
    torch.testing.assert_close(error, (made - frames).square().mean())


@pytest.mark.parametrize("size", [(64, 64), (33, 70), (8, 8), (7, 3), (1, 1), (2, 90)])
def test_frames_of_every_size_come_back_in_their_size(net, size):
    frames = torch.rand(2, 3, *size)
    latents = net.encode(frames).mean

    assert latents.shape == (2, 4, *(padded_side(side, 8) // 8 for side in size))
    assert net(frames).shape == frames.shape
    assert net(frames).isfinite().all()


def test_what_is_added_to_a_frame_is_its_mirror_image():
    frames = torch.arange(3.0).expand(1, 3, 2, 3)

    assert mirrored(frames, 2, 8)[0, 0, 0].tolist() == [0, 1, 2, 1, 0, 1, 2, 1]
    assert mirrored(frames, 5, 3)[0, 0].tolist() == [[0, 1, 2]] * 5
    assert mirrored(frames[..., :1], 2, 3)[0, 0, 0].tolist() == [0, 0, 0]


def test_frames_of_a_batch_do_not_see_each_other(net):
    frames = torch.rand(3, 3, 32, 40)

    torch.testing.assert_close(net(frames)[1:2], net(frames[1:2]), atol=1e-5, rtol=0)


def test_a_flat_frame_comes_back_without_a_lattice(net):
    made = net(torch.full((1, 3, 64, 64), 0.3)).flatten(2)

    torch.testing.assert_close(made.amax(2), made.amin(2), atol=1e-5, rtol=0)


def test_enlarging_is_a_convolution_after_bilinear_resizing():
    layer, x = Enlarged(5, 3), torch.randn(2, 5, 9, 7)
    large = F.interpolate(F.leaky_relu(x, 0.1), scale_factor=2, mode="bilinear")
    expected = F.conv2d(large, layer.conv.weight, layer.conv.bias)

    torch.testing.assert_close(layer(x)[..., 2:-2, 2:-2], expected[..., 1:-1, 1:-1])


def test_it_learns_its_pictures(pictures, tmp_path):
    plan = TrainingPlan(tmp_path, 100, warm_up=5, average=0.9)
    recipe = VaeRecipe(side=32, batch=4, memory=0.9)
    path = train(plan, lambda: FrameVaeObjective(pictures, recipe, SMALL))
    net = FrameVae.load(path)
    frames = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 255
    plain = frames.mean(dim=(2, 3), keepdim=True).expand_as(frames)
    error = (net(frames) - frames).square().mean()

    assert error < 0.7 * (plain - frames).square().mean()
    assert net.variance.item() == pytest.approx(error.item(), rel=0.5)  # crops are not all of it
    assert (tmp_path / "step_0000100.png").exists()


def test_figures_are_those_of_the_frames(net):
    frames = [torch.rand(3, 24, 40), torch.rand(3, 17, 30)]
    found = reconstruction(net, frames)
    errors = [(net(frame[None])[0] - frame).square().mean().item() for frame in frames]
    posterior = net.encode(frames[1][None])
    alone = reconstruction(net, frames[1:])

    assert found.frames == 2
    assert found.mse == pytest.approx(sum(errors) / 2, rel=1e-4)
    assert alone.psnr == pytest.approx(-10 * math.log10(errors[1]), rel=1e-4)
    assert alone.divergence == pytest.approx(
        kl_nats(posterior.mean, posterior.log_variance).mean().item(), rel=1e-4
    )
    assert alone.active == 4
    assert "2 frames" in str(found)


def test_weights_of_an_impossible_net_are_refused(tmp_path):
    path = tmp_path / "frame-vae.safetensors"
    net = FrameVae(SMALL)
    for config in ({"latents": 10**9}, {"depth": 3}, {"latents": "many"}):
        architecture = type(net.architecture)("frame-vae", 1, config)
        save_weights(path, net, architecture, {})
        with pytest.raises(ModelError, match="do not fit frame-vae 1"):
            FrameVae.load(path)


def test_the_net_that_ships_stays_small():
    count = sum(p.numel() for p in FrameVae().parameters())

    assert count * 2 <= 3e6  # bytes of float16


@pytest.mark.parametrize("size", [(64, 80), (33, 40), (20, 100), (5, 6)])
def test_crops_come_from_pictures_of_every_size(size):
    torch.manual_seed(1)
    picture = np.full((*size, 3), 51, np.uint8)
    drawn = Crops([picture], side=32).draw(6)

    assert drawn.shape == (6, 3, 32, 32)
    torch.testing.assert_close(drawn, torch.full_like(drawn, 0.2))


def test_other_pictures_are_another_training(pictures, tmp_path):
    recipe = VaeRecipe(side=32, batch=1)
    train(TrainingPlan(tmp_path, 1), lambda: FrameVaeObjective(pictures, recipe, SMALL))
    others = [255 - picture for picture in pictures]
    with pytest.raises(ModelError, match="content"):
        train(TrainingPlan(tmp_path, 1), lambda: FrameVaeObjective(others, recipe, SMALL))
