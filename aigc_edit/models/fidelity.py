"""How near pictures are to others: mean squared error, PSNR, SSIM, correlation of gradients."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

_LUMA = (0.2126, 0.7152, 0.0722)  # BT.709
# Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity"
_SSIM_SIDE, _SSIM_SIGMA, _SSIM_K1, _SSIM_K2 = 11, 1.5, 0.01, 0.03
_SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def mse(frames: Tensor, others: Tensor) -> Tensor:
    """Mean squared error of each frame: float [T], for two float [T, C, H, W]."""
    return (frames - others).square().mean(dim=(1, 2, 3))


def psnr(frames: Tensor, others: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each frame in dB, for values in [0, 1]; equal ones: inf."""
    return -10 * mse(frames, others).log10()


def luma(frames: Tensor) -> Tensor:
    """BT.709 luma, float [T, 1, H, W], of RGB float [T, 3, H, W]."""
    weights = torch.tensor(_LUMA, dtype=frames.dtype, device=frames.device)
    return (frames * weights[:, None, None]).sum(1, keepdim=True)


def ssim(frames: Tensor, others: Tensor) -> Tensor:
    """Structural similarity of each frame, at most 1: float [T], for values in [0, 1].

    As published: a Gaussian window of 11 x 11 and sigma 1.5 inside the frame, K1 = 0.01,
    K2 = 0.03, no weights to make samples' variances unbiased; averaged over channels. Frames
    smaller than the window are compared as a whole.
    """
    c1, c2 = _SSIM_K1**2, _SSIM_K2**2
    mean_x, mean_y = _blurred(frames), _blurred(others)
    variance_x = _blurred(frames.square()) - mean_x.square()
    variance_y = _blurred(others.square()) - mean_y.square()
    covariance = _blurred(frames * others) - mean_x * mean_y
    similar = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    most = (mean_x.square() + mean_y.square() + c1) * (variance_x + variance_y + c2)
    return (similar / most).mean(dim=(1, 2, 3))


def gradient_correlation(frames: Tensor, others: Tensor) -> Tensor:
    """How alike the edges of two float [T, 3, H, W] are: float [T], -1 to 1.

    The inner product of both gradient fields of luma (by Sobel's operator, inside the frame) over
    the product of their lengths: 1 for the same edges however strong, -1 for those of a negative,
    about 0 for another picture's. Frames without any edge are like each other, and nothing else.
    """
    one, other = (_gradients(luma(f)) for f in (frames, others))
    lengths = (one.square().sum(1) * other.square().sum(1)).sqrt()
    both_flat = (one == 0).all(1) & (other == 0).all(1)
    return torch.where(both_flat, 1.0, (one * other).sum(1) / lengths.clamp(min=1e-12))


def _gradients(luminance: Tensor) -> Tensor:
    """float [T, 2 * (H - 2) * (W - 2)]."""
    across = luminance.new_tensor(_SOBEL)
    kernels = torch.stack([across, across.T])[:, None]
    return F.conv2d(luminance, kernels).flatten(1)


def _blurred(frames: Tensor) -> Tensor:
    """Means over windows, weighted; one side after the other."""
    channels = frames.shape[1]
    down, across = (_window(min(_SSIM_SIDE, side)).to(frames) for side in frames.shape[-2:])
    frames = F.conv2d(frames, down.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(frames, across.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)


def _window(side: int) -> Tensor:
    places = torch.arange(side) - (side - 1) / 2
    weights = (-places.square() / (2 * _SSIM_SIGMA**2)).exp()
    return weights / weights.sum()
