"""The lattice that nets leave which enlarge their features: a pattern every few pixels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from aigc_edit.models.fidelity import luma

_CYCLES = 8  # of the lattice in a window, so that its harmonics lie eight bins apart
_APART = 2  # bins; neighbours that near a Hann window keeps free of the lattice
_SEEN = 4 / 255  # noise as strong hides a pattern of half a level, and not one of two


def lattice(frame: Tensor, period: int) -> float:
    """How much stronger a pattern of so many pixels is than what lies beside it; nature: about 1.

    frame: float [3, H, W], RGB in [0, 1], sides of 8 periods at least.

    Power spectra of luma in windows (Welch 1967). At each harmonic of the lattice the power, in the
    typical window, over the geometric mean of the power of frequencies on both sides, where a
    smooth spectrum has just as much; the mean over harmonics. So strokes count as little as the
    picture's own texture. A little noise is added to both, since what is weaker is not seen. A
    pattern of which not even the sign is the same from place to place is not found.
    """
    power = _typical_power(frame, _CYCLES * period)
    ratios = [harmonic - beside for harmonic, beside in _harmonics(power)]
    return float(torch.stack(ratios).exp().mean())


def _typical_power(frame: Tensor, side: int) -> Tensor:
    """float [side, side], the logarithm: its mean over windows is that of the typical one."""
    hann = torch.hann_window(side)
    window = hann[:, None] * hann
    tiles = luma(frame[None])[0, 0].unfold(0, side, side // 2).unfold(1, side, side // 2)
    tiles = tiles - tiles.mean((-2, -1), keepdim=True)
    power: Tensor = torch.fft.fft2(tiles * window).abs().square() / window.square().sum()
    return (power + _SEEN**2).log().mean((0, 1))


def _harmonics(power: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The power of each harmonic of a lattice, and the mean beside it.

    Beside it means along the axes on which it is neither zero, where edges that are upright or
    level make a ridge, nor as high as can be, where all neighbours are lower and thus stronger.
    """
    side = len(power)
    for place in product(range(0, side, _CYCLES), repeat=2):
        axes = [n for n in (0, 1) if place[n] % (side // 2)] or [n for n in (0, 1) if place[n]]
        if axes:  # not the mean of the picture
            beside = [power.roll(step, axis)[place] for axis in axes for step in (-_APART, _APART)]
            yield power[place], torch.stack(beside).mean()
