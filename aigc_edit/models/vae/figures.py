"""How good the autoencoder is, on frames that it never learnt from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from aigc_edit.models.fidelity import mse, psnr, ssim
from aigc_edit.models.vae.bound import gaussian_nats, kl_nats
from aigc_edit.models.vae.net import FrameVae

_ACTIVE = 0.01  # nats; a unit below says nothing, as Burda et al. 2015 (arXiv 1509.00519) count


@dataclass(frozen=True)
class Reconstruction:
    """Means over frames.

    Attributes:
        mse, psnr, ssim: of what the net remembers, values in [0, 1], dB, at most 1.
        elbo: nats a value, by one draw from the posterior of each frame.
        divergences: KL in nats of a unit, for each latent channel. All near nothing: collapsed.
    """

    frames: int
    mse: float
    psnr: float
    ssim: float
    elbo: float
    divergences: tuple[float, ...]

    @property
    def divergence(self) -> float:
        """KL in nats of a unit, over all channels."""
        return sum(self.divergences) / len(self.divergences)

    @property
    def active(self) -> int:
        """Channels that say something."""
        return sum(nats > _ACTIVE for nats in self.divergences)

    def __str__(self) -> str:
        return (
            f"PSNR {self.psnr:.2f} dB, SSIM {self.ssim:.4f}, MSE {self.mse:.6f}, "
            f"ELBO {self.elbo:.3f} nats a value, KL {self.divergence:.2f} nats a unit, "
            f"{self.active} of {len(self.divergences)} channels active ({self.frames} frames)"
        )


@torch.no_grad()
def reconstruction(net: FrameVae, frames: Iterable[Tensor]) -> Reconstruction:
    """The figures of frames of any sizes, each float [3, H, W], RGB in [0, 1]."""
    rows = torch.stack([_row(net, frame[None]) for frame in frames])
    error, ratio, similar, elbo, *units = rows.mean(0).tolist()
    return Reconstruction(len(rows), error, ratio, similar, elbo, tuple(units))


def _row(net: FrameVae, frame: Tensor) -> Tensor:
    """MSE, PSNR, SSIM, ELBO and the divergence of each channel, for float [1, 3, H, W]."""
    size = frame.shape[-2:]
    posterior = net.encode(frame)
    made = net.decode(posterior.mean, *size).clamp(0, 1)
    drawn = net.decode(posterior.sample(), *size)
    units = kl_nats(posterior.mean, posterior.log_variance)
    distortion = gaussian_nats(drawn - frame, net.variance).mean()
    elbo = -(distortion + units.sum() / frame.numel())
    scores = [score(frame, made)[0] for score in (mse, psnr, ssim)]
    return torch.cat([torch.stack([*scores, elbo]), units.mean(dim=(0, 2, 3))])
