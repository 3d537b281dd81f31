"""The net: frames to a Gaussian over latents an eighth as wide and high, and back.

No layer normalises, since what styles change is just what a normalisation would take away.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor, nn

from aigc_edit.models.frame_net import Geometry
from aigc_edit.models.layers import LEAK, Enlarged, Residual, conv3, mirrored, padded_side
from aigc_edit.models.training import Architecture, load_weights

STRIDE = 8  # pixels of a side of a latent
_PATCH = 4  # pixels of a side that the encoder's first layer takes together
_MOST = (256, 512, 16, 16)  # what a file of weights may ask for
# Before anything is learnt, all frames are near to gray, and pictures that far from it.
_FIRST_GAIN, _FIRST_VARIANCE = 0.1, 0.07
# Latents that say little at first are noise that the decoder learns to ignore.
_FIRST_LOG_VARIANCE = -5.0
_LOG_VARIANCES = (-12.0, 4.0)  # what a posterior may say


@dataclass(frozen=True)
class VaeConfig:
    """Sizes of the net.

    Attributes:
        latents: channels of the latent picture.
        width: channels at an eighth of the size; at a quarter, a half and whole they are fewer.
        looks, paints: residual blocks of the encoder and the decoder at an eighth of the size.
    """

    latents: int = 64
    width: int = 96
    looks: int = 1
    paints: int = 2

    def __post_init__(self) -> None:
        sizes = (self.latents, self.width, self.looks, self.paints)
        if not all(0 <= size <= most for size, most in zip(sizes, _MOST, strict=True)):
            raise ValueError(f"no such net: {self}")


@dataclass(frozen=True)
class Posterior:
    """q(z|x): independent Gaussians. `mean`, `log_variance`: float [T, latents, H/8, W/8]."""

    mean: Tensor
    log_variance: Tensor

    def sample(self) -> Tensor:
        """A draw through which gradients pass (the reparametrisation of the paper, 2.4)."""
        return self.mean + (self.log_variance / 2).exp() * torch.randn_like(self.mean)


class FrameVae(nn.Module):
    """p(x|z) = N(decode(z), variance), q(z|x) = encode(x), p(z) = N(0, 1).

    The variance is one number for all values of all frames, learnt with the net (Rybkin et al.
    2021, arXiv 2006.13202), so that the bound is a real one and nothing has to be balanced.
    """

    name, version = "frame-vae", 1
    variance: Tensor

    def __init__(self, config: VaeConfig | None = None) -> None:
        super().__init__()
        self.config = config or VaeConfig()
        width, latents = self.config.width, self.config.latents
        self.encoder = _encoder(width, self.config.looks, latents)
        self.decoder = _decoder(width, self.config.paints, latents)
        self.register_buffer("variance", torch.tensor(_FIRST_VARIANCE))

    @property
    def architecture(self) -> Architecture:
        return Architecture(self.name, self.version, asdict(self.config))

    @classmethod
    def load(cls, path: Path) -> FrameVae:
        """The net with the weights of a file. Raises ModelError where they are not for it."""
        return load_weights(path, cls.name, cls.version, lambda **sizes: cls(VaeConfig(**sizes)))

    def encode(self, frames: Tensor) -> Posterior:
        """float [T, 3, H, W], RGB in [0, 1]; sides that 8 does not divide are mirrored on."""
        height, width = (padded_side(side, STRIDE) for side in frames.shape[-2:])
        whole = mirrored(frames, height, width)
        mean, log_variance = self.encoder((whole - 0.5) * 4).chunk(2, dim=1)
        return Posterior(mean, (log_variance + _FIRST_LOG_VARIANCE).clamp(*_LOG_VARIANCES))

    def decode(self, latents: Tensor, height: int, width: int) -> Tensor:
        """The mean of p(x|z), about [0, 1]: float [T, 3, height, width]."""
        return self.painted(latents)[..., :height, :width]

    def latents(self, frames: Tensor) -> Tensor:
        """The mean of q(z|x)."""
        return self.encode(frames).mean

    def painted(self, latents: Tensor) -> Tensor:
        """As `decode`, with what was mirrored on: float [T, 3, 8 h, 8 w]."""
        frames: Tensor = self.decoder(latents)
        return frames / 4 + 0.5

    @property
    def looking(self) -> Geometry:
        """Of the encoder, for tiles."""
        return Geometry(STRIDE, STRIDE * (2 * self.config.looks + 3), Fraction(1, STRIDE))

    @property
    def painting(self) -> Geometry:
        """Of the decoder."""
        return Geometry(1, 2 * self.config.paints + 4, Fraction(STRIDE))

    def forward(self, frames: Tensor) -> Tensor:
        """Frames as the net remembers them: float [T, 3, H, W] in [0, 1]."""
        height, width = frames.shape[-2:]
        return self.decode(self.encode(frames).mean, height, width).clamp(0, 1)


def _encoder(width: int, blocks: int, latents: int) -> nn.Sequential:
    quarter = width * 2 // 3
    return nn.Sequential(
        nn.PixelUnshuffle(_PATCH),  # [T, 48, H/4, W/4]
        conv3(3 * _PATCH**2, quarter),
        nn.LeakyReLU(LEAK, inplace=True),
        conv3(quarter, width, stride=2),  # [T, width, H/8, W/8]
        *(Residual(width) for _ in range(blocks)),
        conv3(width, 2 * latents),
    )


def _decoder(width: int, blocks: int, latents: int) -> nn.Sequential:
    quarter, half = width // 2, width // 4
    return nn.Sequential(
        conv3(latents, width),
        *(Residual(width) for _ in range(blocks)),
        Enlarged(width, quarter),  # [T, width / 2, H/4, W/4]
        Residual(quarter),
        Enlarged(quarter, half),  # [T, width / 4, H/2, W/2]
        Enlarged(half, 3, gain=_FIRST_GAIN),  # [T, 3, H, W]
    )
