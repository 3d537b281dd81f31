"""The game between a generator and its adversary, in three forms."""

from __future__ import annotations

from enum import StrEnum

from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere


class Game(StrEnum):
    """What both lower; D gives logits, and real pictures ought to have high ones.

    MINIMAX: min_G max_D E[log D(x)] + E[log(1 - D(G(c)))] (Goodfellow et al. 2014, arXiv
        1406.2661); the generator raises log D(G(c)) instead, as the paper advises: the same
        fixed point, and a gradient while the adversary is sure.
    HINGE: the adversary stops where it is sure enough (Lim & Ye 2017, arXiv 1705.02894).
    LEAST_SQUARES: 1 for real, 0 for painted (Mao et al. 2017, arXiv 1611.04076).
    """

    MINIMAX = "minimax"
    HINGE = "hinge"
    LEAST_SQUARES = "least-squares"

    def unmasking(self, real: Tensor, painted: Tensor) -> Tensor:
        """What the adversary lowers."""
        match self:
            case Game.MINIMAX:  # -log D = softplus(-logit), -log(1 - D) = softplus(logit)
                return F.softplus(-real).mean() + F.softplus(painted).mean()
            case Game.HINGE:
                return F.relu(1 - real).mean() + F.relu(1 + painted).mean()
            case Game.LEAST_SQUARES:
                return (real - 1).square().mean() + painted.square().mean()

    def fooling(self, painted: Tensor) -> Tensor:
        """What the generator lowers."""
        match self:
            case Game.MINIMAX:
                return F.softplus(-painted).mean()
            case Game.HINGE:
                return -painted.mean()
            case Game.LEAST_SQUARES:
                return (painted - 1).square().mean()
