"""The loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import nn

from aigc_edit.errors import ModelError
from aigc_edit.models.layers import placed
from aigc_edit.models.training.average import Average
from aigc_edit.models.training.checkpoint import State
from aigc_edit.models.training.log import Log, Say
from aigc_edit.models.training.objective import Objective, Turn, Update
from aigc_edit.models.training.pictures import write_png
from aigc_edit.models.training.plan import TrainingPlan
from aigc_edit.models.training.weights import save_weights

_STEPS_OF_A_SEED = 2**32


def train(
    plan: TrainingPlan, begin: Callable[[], Objective], say: Say = lambda _line: None
) -> Path:
    """Trains, or goes on with what is in the plan's folder. Returns the file of weights.

    The same plan and objective give the same weights on the same device, also where a training
    was stopped and taken up again; on a CPU to the last bit.

    Args:
        begin: makes the objective with fresh nets; called after the seed is set.
        say: gets a line now and then.

    Raises:
        ModelError: a loss or gradient is no longer finite, the folder holds another training,
            or cannot be written.
    """
    device = torch.device(plan.device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(plan.seed)
        return _Training(plan, begin(), device, say).run()


class _Training:
    def __init__(
        self, plan: TrainingPlan, objective: Objective, device: torch.device, say: Say
    ) -> None:
        self._plan, self._objective, self._device, self._say = plan, objective, device, say
        nets = {name: placed(net, device).train() for name, net in objective.nets.items()}
        optimizers = {name: objective.optimizer(net, plan.rate) for name, net in nets.items()}
        self._kept = nets[objective.kept]
        self._architecture = objective.architecture
        self._state = State(nets, optimizers, Average(self._kept, plan.average))

    def run(self) -> Path:
        plan, state = self._plan, self._state
        _made(plan.folder)
        state.resume(plan.folder, self._terms)
        self._say(self._opening())
        log = Log(plan, state.step, self._say)
        while state.step < plan.steps:
            figures = self._advance()
            log.add(state.step, figures)
            if state.step % plan.picture_every == 0 or state.step == plan.steps:
                self._draw()
            if state.step % plan.keep_every == 0:
                self._keep()
        return self._keep()

    @property
    def _terms(self) -> dict[str, object]:
        recipe = {f"recipe.{name}": value for name, value in self._objective.recipe.items()}
        sizes = {f"net.{name}": value for name, value in self._architecture.config.items()}
        return {**self._plan.lasting, **recipe, "net": str(self._architecture), **sizes}

    def _advance(self) -> dict[str, float]:
        """One step; what is random in it depends on the seed and its number only."""
        plan, state = self._plan, self._state
        torch.manual_seed(plan.seed * _STEPS_OF_A_SEED + state.step)
        for optimizer in state.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = plan.rate_at(state.step) * group.get("share", 1.0)
        updates = self._objective.updates(Turn(state.step, plan.steps, self._device))
        seen: dict[str, float] = {}
        while (update := self._next(updates)) is not None:
            seen |= self._moved(update)
        state.average.add(self._kept, state.step)
        state.step += 1
        return seen

    def _next(self, updates: Iterator[Update]) -> Update | None:
        with self._precision():
            return next(updates, None)

    def _precision(self) -> AbstractContextManager[object]:
        kind, precision = self._device.type, self._plan.precision
        if precision == "bfloat16" or (precision == "auto" and kind == "cuda"):
            return torch.autocast(kind, torch.bfloat16)
        return nullcontext()

    def _moved(self, update: Update) -> dict[str, float]:
        """Moves the net of an update; gives its losses and figures."""
        net, optimizer = self._state.nets[update.net], self._state.optimizers[update.net]
        named = {**update.losses, **update.figures}
        values = torch.stack([value.detach().float() for value in named.values()]).tolist()
        figures = dict(zip(named, values, strict=True))
        self._check_finite({name: figures[name] for name in update.losses})
        parameters = [p for p in net.parameters() if p.requires_grad]
        optimizer.zero_grad(set_to_none=True)
        total = torch.stack([loss.float() for loss in update.losses.values()]).sum()
        torch.autograd.backward(total, inputs=parameters)
        norm = nn.utils.clip_grad_norm_(parameters, self._plan.steepest)
        self._check_finite({f"gradient of {update.net}": float(norm)})
        optimizer.step()
        return figures

    def _check_finite(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            if not math.isfinite(value):
                raise ModelError(
                    f"{name} is {value} at step {self._state.step + 1}",
                    where=self._plan.folder,
                    cure="Take a lower learning rate, in another folder.",
                )

    def _draw(self) -> None:
        torch.manual_seed(self._plan.seed)  # the same chances in every picture
        with torch.no_grad():
            picture = self._objective.picture(self._state.average.net)
        if picture is not None:
            write_png(self._plan.folder / f"step_{self._state.step:07d}.png", picture)

    def _keep(self) -> Path:
        self._state.save(self._plan.folder, self._terms)
        path = self._plan.folder / f"{self._architecture.name}.safetensors"
        facts = {"steps": self._state.step, **self._terms, "torch": torch.__version__}
        save_weights(path, self._state.average.net, self._architecture, facts)
        return path

    def _opening(self) -> str:
        count = sum(p.numel() for net in self._state.nets.values() for p in net.parameters())
        went = f", going on after step {self._state.step}" if self._state.step else ""
        return f"training {self._architecture}: {count:,} weights on {self._plan.device}{went}"


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        what = f"this folder cannot be made ({cause.strerror or cause})"
        raise ModelError(what, where=folder, cure="Name another one.") from cause
