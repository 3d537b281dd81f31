"""The evidence lower bound (Kingma & Welling 2013, arXiv 1312.6114).

log p(x) >= E_q[log p(x|z)] - KL(q(z|x) || p(z)), everything in nats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Bound:
    """Both parts of the bound for a batch, nats a value of x (a subpixel), averaged.

    Attributes:
        distortion: -E_q[log p(x|z)].
        divergence: KL(q(z|x) || p(z)).
    """

    distortion: Tensor
    divergence: Tensor

    @property
    def elbo(self) -> Tensor:
        return -(self.distortion + self.divergence)


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) of each unit, in closed form (the paper's appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def gaussian_nats(error: Tensor, variance: Tensor) -> Tensor:
    """-log N(x; x - error, variance) of each value."""
    return 0.5 * (error.square() / variance + variance.log() + math.log(2 * math.pi))
