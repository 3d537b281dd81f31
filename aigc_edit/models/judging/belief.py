"""How often a judge who has learnt a painting's patches takes others for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

STEPS = 200
_SIDE = 32  # of a patch, pixels
# Pictures are chessboards of blocks (pixels): on the one colour is learnt, on the other asked.
_BLOCK = 64
_LEARNT, _ASKED = 0, 1
LEAST_SIDE = 2 * _BLOCK
_WIDTH = 24  # channels at first; twice as many each time that the size is halved
_RATE, _DECAY = 2e-3, 1e-2
_BATCH = 32  # of the painting, and as many of the source
_QUESTIONS = 1024
_JUDGES = 3  # two that learnt from other patches disagree by a third
_SEED = 1

Pictures = Sequence[Tensor]  # each float [3, H, W], RGB in [0, 1]


@dataclass(frozen=True)
class Belief:
    """Shares of patches that pass for the painting's.

    Attributes:
        painting, source, result: what they are cut out of.
    """

    painting: float
    source: float
    result: float

    @property
    def ratio(self) -> float:
        """How much more often the result passes; one more patch of each is taken to have passed."""
        return (self.result + 1 / _QUESTIONS) / (self.source + 1 / _QUESTIONS)


def believed(painting: Tensor, source: Pictures, result: Pictures, steps: int = STEPS) -> Belief:
    """Teaches small nets to tell a painting from a source, and asks them about the result.

    Patches have 32 pixels, without their mean colour: else a grade would pass. The nets have seen
    none of those that they are asked about, and none of the result. The same input gives the same
    shares; 200 steps take about 25 seconds of a core. All sides are LEAST_SIDE pixels at least.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        judges = [_taught([painting], source, steps) for _ in range(_JUDGES)]
        shares = [_passing(judges, pictures) for pictures in ([painting], source, result)]
    return Belief(*shares)


def _taught(painting: Pictures, source: Pictures, steps: int) -> nn.Module:
    judge = _judge()
    optimizer = torch.optim.AdamW(judge.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    labels = torch.tensor([1.0, 0.0]).repeat_interleave(_BATCH)
    for _ in range(steps):
        patches = torch.cat([_drawn(pictures, _BATCH, _LEARNT) for pictures in (painting, source)])
        loss = F.binary_cross_entropy_with_logits(judge(patches)[:, 0], labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return judge.eval()


def _judge() -> nn.Sequential:
    widths = (3, _WIDTH, 2 * _WIDTH, 4 * _WIDTH)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(widths[-1], 1)
    )


@torch.no_grad()
def _passing(judges: Sequence[nn.Module], pictures: Pictures) -> float:
    torch.manual_seed(_SEED)  # of a source and its result the same places
    patches = _drawn(pictures, _QUESTIONS, _ASKED)
    return float(torch.stack([judge(patches) > 0 for judge in judges]).float().mean())


def _drawn(pictures: Pictures, count: int, colour: int) -> Tensor:
    """Patches of blocks of one colour; float [count, 3, 32, 32]."""
    chosen = torch.randint(len(pictures), (count,)).tolist()
    patches = torch.stack([_patch(pictures[number], colour) for number in chosen])
    return patches - patches.mean((2, 3), keepdim=True)


def _patch(picture: Tensor, colour: int) -> Tensor:
    """A patch of float [3, H, W], mirrored as often as not."""
    rows, columns = (length // _BLOCK for length in picture.shape[1:])
    row = _below(rows)
    first = (row + colour) % 2
    column = first + 2 * _below((columns - first + 1) // 2)
    top, left = (_BLOCK * block + _below(_BLOCK - _SIDE + 1) for block in (row, column))
    patch = picture[:, top : top + _SIDE, left : left + _SIDE]
    return patch.flip(-1) if _below(2) else patch


def _below(limit: int) -> int:
    return int(torch.randint(limit, ()))
