"""Giving pictures and latents the statistics of others: mean and covariance over all places.

Three maps from Gaussians to Gaussians, all affine: the same change in every place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

_LEAST_VARIANCE = 1e-5  # what varies less has no direction that could be stretched


class Matching(StrEnum):
    """How statistics are matched.

    CHANNELS: mean and variance of each channel alone (AdaIN; Huang & Belongie 2017, arXiv
        1703.06868).
    WHITENING: mean and covariance, by way of white noise (WCT; Li et al. 2017, arXiv 1705.08086).
    MONGE: mean and covariance by the map that moves them least (Knott & Smith 1984; for style
        Mroueh 2019, arXiv 1905.12828).
    """

    CHANNELS = "channels"
    WHITENING = "whitening"
    MONGE = "monge"


@dataclass(frozen=True)
class Moments:
    """Mean [C] and covariance [C, C] of channels, float64 on the CPU."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, pictures: Tensor) -> Moments:
        """Over all places of all frames of float [T, C, h, w]."""
        exact = torch.float32 if pictures.device.type == "mps" else torch.float64
        flat = pictures.detach().transpose(0, 1).flatten(1).to(exact)
        mean = flat.mean(1)
        centred = flat - mean[:, None]
        covariance = centred @ centred.T / flat.shape[1]
        return cls(mean.cpu().double(), covariance.cpu().double())

    def blended(self, other: Moments, share: float) -> Moments:
        """Between these (share 0) and others (share 1)."""
        return Moments(
            self.mean.lerp(other.mean, share), self.covariance.lerp(other.covariance, share)
        )

    def within_reach(self, wanted: Moments, stretch: float = 4.0) -> Moments:
        """With just as much more covariance that no map to `wanted` stretches more than that.

        Else the noise of a frame that is nearly flat would become as large as a picture.
        """
        return Moments(self.mean, self.covariance + wanted.covariance / stretch**2)

    def distance(self, other: Moments) -> float:
        """Jeffreys' divergence (1946) of the channels taken apart, nats a channel."""
        one, two = (_floored(m.covariance.diagonal()) for m in (self, other))
        apart = (self.mean - other.mean).square()
        return float((((one + apart) / two + (two + apart) / one) / 2 - 1).mean())


@dataclass(frozen=True)
class AffineMap:
    """x becomes matrix x + shift in every place; [C, C] and [C]."""

    matrix: Tensor
    shift: Tensor

    def __call__(self, pictures: Tensor, strength: float = 1.0) -> Tensor:
        """Float [T, C, h, w], as far as `strength` (0 to 1) says; dtype and device stay."""
        still = torch.eye(len(self.matrix), dtype=self.matrix.dtype)
        matrix = still.lerp(self.matrix, strength).to(pictures)
        shift = (strength * self.shift).to(pictures)
        return torch.einsum("dc,tchw->tdhw", matrix, pictures).add_(shift[:, None, None])


def matching(own: Moments, wanted: Moments, how: Matching = Matching.MONGE) -> AffineMap:
    """The map that gives what has some moments the moments that are wanted."""
    match how:
        case Matching.CHANNELS:
            own_scale, wanted_scale = (_floored(m.covariance.diagonal()) for m in (own, wanted))
            matrix = (wanted_scale / own_scale).sqrt().diag()
        case Matching.WHITENING:
            matrix = _power(wanted.covariance, 0.5) @ _power(own.covariance, -0.5)
        case Matching.MONGE:
            root, inverse = (_power(own.covariance, power) for power in (0.5, -0.5))
            matrix = inverse @ _power(root @ wanted.covariance @ root, 0.5) @ inverse
    return AffineMap(matrix, wanted.mean - matrix @ own.mean)


def _power(covariance: Tensor, power: float) -> Tensor:
    """A power of a symmetric matrix; directions without variance count as nearly without."""
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2)
    raised: Tensor = vectors * _floored(values).pow(power) @ vectors.T
    return raised


def _floored(variances: Tensor) -> Tensor:
    return variances.clamp(min=_LEAST_VARIANCE)
