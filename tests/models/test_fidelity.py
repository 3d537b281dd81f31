"""MSE, PSNR and SSIM are those that others compute; edges are compared whatever their strength."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from aigc_edit.models.fidelity import gradient_correlation, luma, mse, psnr, ssim


@pytest.fixture
def frames():
    return torch.rand(3, 3, 40, 52, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def noisy(frames):
    noise = torch.randn(frames.shape, generator=torch.Generator().manual_seed(2))
    return frames * 0.9 + 0.02 + 0.05 * noise


def test_psnr_is_opencvs(frames, noisy):
    pairs = zip(frames.numpy(), noisy.numpy(), strict=True)
    expected = [cv2.PSNR(one, other, R=1.0) for one, other in pairs]

    np.testing.assert_allclose(psnr(frames, noisy).numpy(), expected, rtol=1e-5)


def test_equal_frames_differ_by_nothing(frames):
    assert (mse(frames, frames) == 0).all()
    assert (psnr(frames, frames) == torch.inf).all()
    torch.testing.assert_close(ssim(frames, frames), torch.ones(3))


def published(x, y):
    """SSIM by SciPy's filters in float64, windows that leave the frame cut away."""
    places = np.arange(-5, 6)
    window = np.exp(-(places**2) / 4.5)
    window /= window.sum()

    def mean(image):
        return correlate1d(correlate1d(image, window, axis=-1), window, axis=-2)

    x, y = x.astype(float), y.astype(float)
    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    both = mean(x * y) - mean_x * mean_y
    found = (2 * mean_x * mean_y + 1e-4) * (2 * both + 9e-4)
    found /= (mean_x**2 + mean_y**2 + 1e-4) * (var_x + var_y + 9e-4)
    return found[..., 5:-5, 5:-5].mean()


def test_ssim_is_the_published_formula(frames, noisy):
    pairs = zip(frames.numpy(), noisy.numpy(), strict=True)
    expected = [published(one, other) for one, other in pairs]

    np.testing.assert_allclose(ssim(frames, noisy).numpy(), expected, atol=1e-5)


def test_ssim_sees_structure_and_not_brightness(frames):
    brighter = frames + 0.1
    shuffled = frames.flatten(2)[..., torch.randperm(frames[0, 0].numel())].view_as(frames)

    assert (ssim(frames, brighter) > 0.9).all()
    assert (ssim(frames, shuffled) < 0.1).all()


def test_frames_smaller_than_the_window_are_compared_as_a_whole():
    assert ssim(torch.zeros(1, 3, 2, 1), torch.zeros(1, 3, 2, 1)).item() == pytest.approx(1)


def test_luma_of_white_is_one():
    assert luma(torch.ones(1, 3, 2, 2)).unique().item() == pytest.approx(1)


def test_edges_are_the_same_whatever_the_contrast(frames):
    assert gradient_correlation(frames, 0.3 * frames + 0.4).tolist() == pytest.approx([1] * 3)


def test_edges_of_a_negative_are_the_opposite(frames):
    assert gradient_correlation(frames, 1 - frames).tolist() == pytest.approx([-1] * 3)


def test_edges_of_another_picture_are_not_alike(frames):
    assert (gradient_correlation(frames, frames.flip(-1)).abs() < 0.1).all()


def test_frames_without_edges_are_alike_and_like_nothing_else(frames):
    flat = torch.full_like(frames, 0.5)

    assert (gradient_correlation(flat, flat / 2) == 1).all()
    assert gradient_correlation(flat, frames).tolist() == pytest.approx([0] * 3, abs=1e-6)
