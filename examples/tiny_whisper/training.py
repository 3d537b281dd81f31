"""Teaches the net: steps, their log, and checkpoints to go on from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from tiny_whisper import corpus, figures, store
from tiny_whisper.net import DIMS, FRAME, Batch, TinyWhisper, batch
from tiny_whisper.speech import SEEN_VOICES, Utterance, speak
from tiny_whisper.windows import mixed

# Seconds of the windows of a step, how many they are, and how often there are such steps. Short
# ones teach most for their cost; without long ones it does not carry over to Whisper's 30 s.
_MIX = ((6, 20, 0.6), (15, 7, 0.18), (30, 3, 0.22))
_WHISPER_SECONDS = 30
_WARM_UP = 150  # steps
_COOL_DOWN = 0.3  # share of the steps in which the learning rate falls to nothing
_LONGEST_STEP = 1.0  # norm of the gradient


@dataclass(frozen=True)
class Plan:
    """What to do: options of the command line."""

    folder: Path
    steps: int
    sentences: int = 10_000
    seed: int = 1
    rate: float = 2.5e-3
    log_every: int = 50
    heard_every: int = 250
    mix: tuple[tuple[int, int, float], ...] = _MIX


@dataclass
class State:
    """What training goes on from."""

    net: TinyWhisper
    optimizer: torch.optim.Optimizer
    step: int = 0

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        states = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(states | {"step": self.step}, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        states = torch.load(path, weights_only=True)
        self.net.load_state_dict(states["net"])
        self.optimizer.load_state_dict(states["optimizer"])
        self.step = states["step"]


def train(plan: Plan) -> Path:
    """Trains, or goes on with what is in the folder. Returns the stored file."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    spoken = corpus.training(plan.folder, plan.sentences, SEEN_VOICES, seed=plan.seed)
    held_out = speak(24, SEEN_VOICES, seed=plan.seed + 1, held_out=True)
    state, path = fresh(plan), plan.folder / "training.pt"
    if path.exists():
        state.resume(path)
        print(f"going on after step {state.step}", flush=True)
    log = Log(plan, state.step)
    while state.step < plan.steps:
        losses = advance(state, plan, spoken)
        log.add(state.step, losses)
        if state.step % plan.heard_every == 0 or state.step == plan.steps:
            state.save(path)
            log.heard(state.step, figures.quick(keep(state, plan), held_out))
    return keep(state, plan)


def fresh(plan: Plan) -> State:
    """A net that has learnt nothing."""
    torch.manual_seed(plan.seed)
    net = TinyWhisper()
    return State(net, torch.optim.AdamW(net.parameters(), betas=(0.9, 0.98), weight_decay=0.01))


def advance(state: State, plan: Plan, spoken: Sequence[Utterance]) -> dict[str, float]:
    """One step. Its windows depend on the seed and its number only."""
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate * pace(state.step, plan.steps)
    random = Random(f"{plan.seed}:{state.step}")  # noqa: S311 -- for variety, not for secrets
    losses = state.net.losses(drawn(random, plan, spoken))
    state.optimizer.zero_grad(set_to_none=True)
    total: Tensor = sum(losses.values(), torch.zeros(()))
    total.backward()
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), _LONGEST_STEP)
    state.optimizer.step()
    state.step += 1
    return {name: loss.item() for name, loss in losses.items()}


def drawn(random: Random, plan: Plan, spoken: Sequence[Utterance]) -> Batch:
    """Windows of one length, half of them from the beginning of Whisper's 30 seconds."""
    seconds, count, _ = random.choices(plan.mix, [share for *_, share in plan.mix])[0]
    latest = _WHISPER_SECONDS - seconds
    starts = [random.choice([0, random.uniform(0, latest)]) for _ in range(count)]
    frames = [int(start / FRAME) for start in starts]
    windows = [mixed(random, spoken, seconds, starts_at=frame * FRAME) for frame in frames]
    return batch(windows, frames)


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: up, level, down."""
    return min(1.0, (step + 1) / _WARM_UP, (steps - step) / (_COOL_DOWN * steps))


def keep(state: State, plan: Plan) -> Path:
    """Writes the small file of the net as it is."""
    path = plan.folder / "tiny_whisper.safetensors"
    store.save(path, DIMS, state.net.weights(), f"seed {plan.seed}, {state.step} steps")
    return path


class Log:
    """Prints how it goes and when it is done."""

    def __init__(self, plan: Plan, step: int) -> None:
        self._plan, self._first, self._began = plan, step, time.monotonic()
        self._losses: list[dict[str, float]] = []

    def add(self, step: int, losses: dict[str, float]) -> None:
        self._losses.append(losses)
        if step % self._plan.log_every == 0:
            each = {name: sum(one[name] for one in self._losses) for name in losses}
            means = ", ".join(f"{k} {v / len(self._losses):.3f}" for k, v in each.items())
            print(f"step {step}/{self._plan.steps}: {means}; {self._left(step)}", flush=True)
            self._losses.clear()

    def heard(self, step: int, wrong: float) -> None:
        print(f"step {step}: {wrong:.1%} of the words of held-out sentences wrong", flush=True)

    def _left(self, step: int) -> str:
        each = (time.monotonic() - self._began) / (step - self._first)
        return f"{each:.2f} s a step, {each * (self._plan.steps - step) / 60:.0f} min left"
