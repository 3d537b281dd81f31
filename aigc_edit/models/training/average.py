"""The moving average of a net's weights, which is steadier than the net itself."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """An exponential moving average (Polyak & Juditsky 1992).

    While it is young it forgets faster, so that the first weights leave no trace: its decay at
    step n is at most (1 + n) / (10 + n).
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(requires_grad=False)
        self._decay = decay

    @torch.no_grad()
    def add(self, net: nn.Module, step: int) -> None:
        """Takes in the weights after a step, counted from 0; buffers are taken as they are."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for ours, new in zip(self.net.parameters(), net.parameters(), strict=True):
            ours.lerp_(new, 1 - decay)
        for kept, now in zip(self.net.buffers(), net.buffers(), strict=True):
            kept.copy_(now)
