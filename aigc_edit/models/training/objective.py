"""What a net brings to its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

Config = Mapping[str, int | float | str | bool]


@dataclass(frozen=True)
class Architecture:
    """What must be built before weights fit: a name, the version of its code, its sizes."""

    name: str
    version: int
    config: Config = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Turn:
    """One step: its number, counted from 0, of how many, and where tensors belong."""

    step: int
    steps: int
    device: torch.device

    @property
    def progress(self) -> float:
        """How much of the training is behind, [0, 1)."""
        return self.step / self.steps


@dataclass(frozen=True)
class Update:
    """One move of one net.

    Attributes:
        net: the name of the net that moves; gradients reach no other one.
        losses: scalars, by name; the net lowers their sum, so weights are in them already.
        figures: other scalars worth a look.
    """

    net: str
    losses: Mapping[str, Tensor]
    figures: Mapping[str, Tensor] = field(default_factory=dict)


class Objective(Protocol):
    """What a net learns.

    All that is random in a step must come from torch's own generator, which the loop seeds anew
    for each step: then a step depends on its number only, and going on changes nothing.
    """

    @property
    def nets(self) -> Mapping[str, nn.Module]:
        """All nets that learn, by name; each gets an optimizer of its own."""
        ...

    @property
    def kept(self) -> str:
        """The name of the net that is kept: its averaged weights are the result."""
        ...

    @property
    def architecture(self) -> Architecture:
        """What that net is."""
        ...

    @property
    def recipe(self) -> Config:
        """What the result depends on beside the plan; stands in the file of weights."""
        ...

    def optimizer(self, net: nn.Module, rate: float) -> torch.optim.Optimizer:
        """A fresh optimizer for one of the nets.

        The loop sets its rate; a group of parameters may ask for a `share` of it, and so may one
        of two adversaries (Heusel et al. 2017, arXiv 1706.08500).
        """
        ...

    def updates(self, turn: Turn) -> Iterator[Update]:
        """The moves of one step, in order.

        A net has moved when the next update is asked for: an adversary's losses may be
        computed against the net as it was, and the other one's against the adversary as it is.
        """
        ...

    def picture(self, net: nn.Module) -> Tensor | None:
        """What the averaged net makes now: float [3, H, W], RGB in [0, 1]; None: nothing to see."""
        ...
