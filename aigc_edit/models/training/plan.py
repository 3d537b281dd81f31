"""What is decided before a training begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aigc_edit.errors import UsageError

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class TrainingPlan:
    """How a net is trained, and what is left behind.

    Attributes:
        folder: for the checkpoint, the weights, the log and the pictures. A training that was
            stopped goes on from what is there.
        steps: when it is done.
        seed: of the first weights and of all that is random in a step.
        rate: the learning rate where it is highest.
        warm_up: steps in which the rate rises to that.
        cool_down: share of the steps, at the end, in which it falls to nothing.
        average: decay of the moving average of the weights, which is what is kept in the end.
        steepest: gradients with a longer norm than this are shortened to it.
        precision: of products; `auto` is bfloat16 on CUDA and float32 elsewhere. Weights are
            float32 always.
        device: where it runs, such as "cpu" or "cuda:0".
        log_every, picture_every, keep_every: steps between two lines of the log, two pictures
            and two checkpoints.
    """

    folder: Path
    steps: int
    seed: int = 1
    rate: float = 1e-3
    warm_up: int = 100
    cool_down: float = 0.3
    average: float = 0.999
    steepest: float = 1.0
    precision: Precision = "auto"
    device: str = "cpu"
    log_every: int = 50
    picture_every: int = 500
    keep_every: int = 500

    def __post_init__(self) -> None:
        counts = ("steps", "log_every", "picture_every", "keep_every")
        for name in counts:
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", cure="Give 1 or more.")
        if not 0 < self.rate < math.inf:
            raise UsageError(f"the learning rate is {self.rate}", cure="Give a number above 0.")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: up, level, down."""
        cooling = max(1.0, self.cool_down * self.steps)
        return self.rate * min(
            1.0, (step + 1) / max(1, self.warm_up), (self.steps - step) / cooling
        )

    @property
    def lasting(self) -> dict[str, float | str]:
        """What must stay the same when a training goes on; `steps` and the rest may change."""
        names = ("seed", "rate", "warm_up", "cool_down", "average", "steepest", "precision")
        return {name: getattr(self, name) for name in names}
