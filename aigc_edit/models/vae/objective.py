"""How the net learns: by raising the bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from aigc_edit.errors import UsageError
from aigc_edit.models.training import (
    Architecture,
    Config,
    Crops,
    Pictures,
    Turn,
    Update,
    tiled,
)
from aigc_edit.models.vae.bound import Bound, gaussian_nats, kl_nats
from aigc_edit.models.vae.net import FrameVae, VaeConfig

_SHOWN = 8  # pictures of a sheet
_NET = "vae"


@dataclass(frozen=True)
class VaeRecipe:
    """What the net is shown, and how the bound is weighted.

    Attributes:
        side: of a crop, pixels.
        batch: crops of a step.
        beta: weight of the divergence (Higgins et al. 2017); 1 is the bound itself.
        memory: how much of the likelihood's variance stays in a step; the rest is the mean
            squared error of the step, which is the variance that maximises the bound.
    """

    side: int = 96
    batch: int = 8
    beta: float = 1.0
    memory: float = 0.99

    def __post_init__(self) -> None:
        for name in ("side", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", cure="Give 1 or more.")


class FrameVaeObjective:
    """Raises the evidence lower bound of crops of pictures."""

    kept = _NET

    def __init__(
        self, pictures: Pictures, recipe: VaeRecipe | None = None, config: VaeConfig | None = None
    ) -> None:
        self._recipe = recipe or VaeRecipe()
        self._crops = Crops(pictures, self._recipe.side)
        self._net = FrameVae(config)
        self._shown = self._crops.draw(_SHOWN)
        self._content = {"pictures": len(pictures), "content": self._crops.digest}

    @property
    def nets(self) -> dict[str, nn.Module]:
        return {_NET: self._net}

    @property
    def architecture(self) -> Architecture:
        return self._net.architecture

    @property
    def recipe(self) -> Config:
        return {**asdict(self._recipe), **self._content}

    def optimizer(self, net: nn.Module, rate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(net.parameters(), rate)

    def updates(self, turn: Turn) -> Iterator[Update]:
        crops = self._crops.draw(self._recipe.batch).to(turn.device)
        bound, error = self.bound(crops)
        losses = {
            "distortion": bound.distortion,
            "divergence": self._recipe.beta * bound.divergence,
        }
        yield Update(_NET, losses, {"psnr": -10 * error.detach().log10()})
        self._net.variance.lerp_(error.detach(), 1 - self._recipe.memory)

    def bound(self, frames: Tensor) -> tuple[Bound, Tensor]:
        """The bound of frames by one draw from the posterior, and the mean squared error."""
        posterior = self._net.encode(frames)
        made = self._net.decode(posterior.sample(), *frames.shape[-2:])
        error = made.float() - frames
        distortion = gaussian_nats(error, self._net.variance).mean()
        units = kl_nats(posterior.mean.float(), posterior.log_variance.float())
        return Bound(distortion, units.sum() / frames.numel()), error.square().mean()

    def picture(self, net: nn.Module) -> Tensor:
        """Crops above, what the net makes of them below."""
        frames = self._shown.to(next(net.parameters()).device)
        return tiled(torch.cat([frames, net(frames)]).cpu(), _SHOWN)
