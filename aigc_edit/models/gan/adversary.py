"""The adversary: tells patches of the painting from patches of painted frames, at three sizes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere
from torch.nn.utils.parametrizations import spectral_norm

_SCALES = 3  # whole, a half, a quarter
_LEAK = 0.2


class Adversary(nn.Module):
    """A patch discriminator for each size (Isola et al. 2017, arXiv 1611.07004; Wang et al. 2018,
    arXiv 1711.11585), its layers held to Lipschitz constant 1 (Miyato et al. 2018, arXiv
    1802.05957). A logit sees 30 pixels of its size.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.judges = nn.ModuleList(_judge(width) for _ in range(_SCALES))

    def forward(self, pictures: Tensor) -> Sequence[Tensor]:
        """Logits [T, 1, h, w] for each size, of float [T, 3, H, W], RGB in [0, 1]."""
        seen, logits = pictures * 2 - 1, []
        for judge in self.judges:
            logits.append(judge(seen))
            seen = F.avg_pool2d(seen, 2)
        return logits


def _judge(width: int) -> nn.Sequential:
    return nn.Sequential(
        _conv(3, width, 4, stride=2),
        nn.LeakyReLU(_LEAK, inplace=True),
        _conv(width, 2 * width, 4, stride=2),
        nn.LeakyReLU(_LEAK, inplace=True),
        _conv(2 * width, 3 * width, 3),
        nn.LeakyReLU(_LEAK, inplace=True),
        _conv(3 * width, 1, 3),
    )


def _conv(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(inputs, outputs, side, stride))
