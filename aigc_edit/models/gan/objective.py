"""How a look learns: from one painting, and any pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aigc_edit.errors import UsageError
from aigc_edit.models.gan.adversary import Adversary
from aigc_edit.models.gan.game import Game
from aigc_edit.models.gan.losses import (
    Brushwork,
    colours_merged,
    edges_lost,
    light_lost,
)
from aigc_edit.models.gan.motion import Motion
from aigc_edit.models.gan.net import Painter, PainterConfig
from aigc_edit.models.gan.toning import palette
from aigc_edit.models.training import Architecture, Config, Crops, Pictures, Turn, Update, tiled

_SHOWN = 4
_FELT = 0.1  # of what lies beyond black and white, so that all losses lead back from there
_LEAST_SIDE = 112  # what the adversary sees at a quarter of it still has a logit
_PAINTER, _ADVERSARY = "painter", "adversary"


@dataclass(frozen=True)
class LookRecipe:
    """What the nets are shown, and what each loss weighs.

    Attributes:
        side: of a crop, pixels.
        batch: crops of a step; half of them are the other half, moved.
        game: which one is played.
        grain: standard deviation of noise that the moved half has and the other one has not, so
            that strokes do not hang on what noise there is.
        caution: how much slower the adversary learns than the painter.
        fooling, brush, palette, edges, light, colours, steady, outside: weights of the losses.
    """

    side: int = 128
    batch: int = 4
    game: Game = Game.HINGE
    grain: float = 0.0
    caution: float = 2.0
    fooling: float = 0.4
    brush: float = 2.0
    palette: float = 1.0
    edges: float = 0.5
    light: float = 0.5
    colours: float = 0.2
    steady: float = 0.5
    outside: float = 10.0

    def __post_init__(self) -> None:
        if self.side < _LEAST_SIDE:
            raise UsageError(f"side is {self.side}", cure=f"Give {_LEAST_SIDE} pixels or more.")
        if self.batch < 2 or self.batch % 2:
            raise UsageError(f"batch is {self.batch}", cure="Give an even number, 2 or more.")


class LookObjective:
    """A painter and its adversary."""

    kept = _PAINTER

    def __init__(
        self,
        painting: npt.NDArray[np.uint8],
        pictures: Pictures,
        recipe: LookRecipe | None = None,
        config: PainterConfig | None = None,
        begun: Painter | None = None,
    ) -> None:
        """
        Args:
            painting: uint8 [H, W, 3], RGB; its brush is learnt at this size.
            begun: a painter to begin with, instead of one that has learnt nothing; of `config`
                only `toning` counts then.
        """
        self._recipe = recipe or LookRecipe()
        side = self._recipe.side
        whole = _floats(painting)
        self._brushwork = Brushwork(whole)
        self._painter = _painter(config, begun)
        self._painter.take_palette(palette(whole))
        self._crops = Crops([self._toned(picture) for picture in pictures], side)
        self._painting = Crops([painting], side, shrinks=False)
        self._adversary = Adversary()
        self._shown = self._crops.draw(_SHOWN)
        self._content = {
            "pictures": len(pictures),
            "content": self._crops.digest,
            "painting": _digest([painting]),
            "begun": _digest(w.numpy() for w in begun.state_dict().values()) if begun else "",
        }

    @property
    def nets(self) -> dict[str, nn.Module]:
        return {_PAINTER: self._painter, _ADVERSARY: self._adversary}

    @property
    def architecture(self) -> Architecture:
        return self._painter.architecture

    @property
    def recipe(self) -> Config:
        return {**asdict(self._recipe), **self._content}

    def optimizer(self, net: nn.Module, rate: float) -> torch.optim.Optimizer:
        share = 1 / self._recipe.caution if net is self._adversary else 1.0
        groups = [{"params": list(net.parameters()), "share": share}]
        return torch.optim.Adam(groups, rate, betas=(0.5, 0.99))

    def updates(self, turn: Turn) -> Iterator[Update]:
        chosen, game = self._recipe, self._recipe.game
        still = self._crops.draw(chosen.batch // 2).to(turn.device)
        motion = Motion.draw(still)
        moved = motion(still)
        frames = torch.cat([still, moved + chosen.grain * torch.randn_like(moved)])
        painted = self._painter.painted(frames)
        inside = painted.clamp(0, 1)
        shown = inside + _FELT * (painted - inside)
        yield Update(_ADVERSARY, self._unmasking(shown.detach()))
        fooling = torch.stack([game.fooling(verdict) for verdict in self._adversary(shown)]).mean()
        outside = (painted - inside).abs().mean()
        losses = {"fooling": chosen.fooling * fooling, "outside": chosen.outside * outside}
        yield Update(_PAINTER, losses | self._owed(frames, shown, motion))

    def _unmasking(self, painted: Tensor) -> dict[str, Tensor]:
        real = self._painting.draw(len(painted)).to(painted.device)
        pairs = zip(self._adversary(real), self._adversary(painted), strict=True)
        verdicts = [self._recipe.game.unmasking(*pair) for pair in pairs]
        return {"unmasking": torch.stack(verdicts).mean()}

    def _owed(self, frames: Tensor, painted: Tensor, motion: Motion) -> dict[str, Tensor]:
        chosen = self._recipe
        palette, brush = self._brushwork.distance(painted)
        still, moved = painted.chunk(2)
        astray = (motion(still) - moved).abs() * motion.inside
        return {
            "palette": chosen.palette * palette,
            "brush": chosen.brush * brush,
            "edges": chosen.edges * edges_lost(frames, painted),
            "light": chosen.light * light_lost(frames, painted),
            "colours": chosen.colours * colours_merged(frames, painted),
            "steady": chosen.steady * astray.mean(),
        }

    def picture(self, net: nn.Module) -> Tensor:
        """Toned crops above, what the net paints of them below."""
        assert isinstance(net, Painter)
        frames = self._shown.to(next(net.parameters()).device)
        return tiled(torch.cat([frames, net.painted(frames)]).cpu(), _SHOWN)

    def _toned(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """A whole picture as the painter gets it; crops of it could not tell its palette."""
        frame = self._painter.toned(_floats(picture)[None])[0]
        return (frame * 255).round().byte().permute(1, 2, 0).contiguous().numpy()


def _painter(config: PainterConfig | None, begun: Painter | None) -> Painter:
    """One that has learnt nothing, or as much as another one; its palette is still to come."""
    if begun is None:
        return Painter(config)
    painter = Painter(replace(begun.config, toning=(config or begun.config).toning))
    painter.load_state_dict(begun.state_dict())
    return painter


def _floats(picture: npt.NDArray[np.uint8]) -> Tensor:
    """float [3, H, W] in [0, 1]."""
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def _digest(arrays: Iterable[npt.NDArray[Any]]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]
