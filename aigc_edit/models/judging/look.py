"""How good a look is: pairs of a source's frames and of what was made of them, and the painting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.fidelity import gradient_correlation, luma, mse, ssim
from aigc_edit.models.judging.belief import STEPS, Belief, believed
from aigc_edit.models.judging.distance import Manner
from aigc_edit.models.judging.lattice import lattice
from aigc_edit.models.steady import Flicker, FlickerMeter

PERIODS = (4, 8)  # pixels of the lattices that nets leave
_KEPT = 8  # pairs at least, from all over a film that has as many
_CUT = 0.01  # mean squared difference of neighbours' luma; motion seldom makes as much

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Compared:
    """A figure of the source, and the same one of what was made of it."""

    source: float
    result: float

    @property
    def ratio(self) -> float:
        return self.result / max(self.source, 1e-6)


@dataclass(frozen=True)
class LookFigures:
    """Means over frames.

    Attributes:
        distance, texture: `StyleDistance` to the painting.
        gradients: `gradient_correlation` with the source.
        structure: SSIM of luma with the source.
        lattices: `lattice` by period.
        flicker: None for less than two frames.
    """

    distance: Compared
    texture: Compared
    gradients: float
    structure: float
    lattices: Mapping[int, Compared]
    flicker: Flicker | None
    belief: Belief

    def facts(self) -> dict[str, Any]:
        """All of it as JSON."""
        flicker, belief = self.flicker, self.belief
        return {
            "style_distance": _facts(self.distance),
            "texture_distance": _facts(self.texture),
            "gradient_correlation": round(self.gradients, 4),
            "luma_ssim": round(self.structure, 4),
            **{f"lattice_{period}": _facts(both) for period, both in self.lattices.items()},
            "flicker": flicker and _facts(flicker),
            "believed": _facts(belief) | {"painting": round(belief.painting, 4)},
        }


def _facts(both: Compared | Flicker | Belief) -> dict[str, float]:
    found = {"source": both.source, "result": both.result, "ratio": both.ratio}
    return {name: round(value, 4) for name, value in found.items()}


class Film:
    """Pairs from all over a film, as many as are needed, and its flicker; in bounded memory."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """Reads all pairs, in order: each uint8 [3, H, W], RGB; the sizes may differ."""
        self.pairs: list[Pair] = []
        self.count = 0
        meter, step, before = FlickerMeter(), 1, None
        for source, result in pairs:
            if before is not None and _is_cut(before, source):
                meter.cut()
            before = source
            meter.add(source, _as_large(result, source))
            if self.count % step == 0:
                self.pairs.append((source, result))
            if len(self.pairs) == 2 * _KEPT:
                self.pairs, step = self.pairs[::2], 2 * step
            self.count += 1
        self.flicker = meter.flicker


class LookJudge:
    """Knows a painting, and judges what was to look like it; float [3, H, W], RGB in [0, 1].

    Sides of the painting and of all frames are LEAST_SIDE pixels at least.
    """

    def __init__(self, painting: Tensor, steps: int = STEPS) -> None:
        self._painting, self._steps = painting, steps
        self._manner = Manner(painting)

    def figures(self, film: Film) -> LookFigures:
        """Of a film with one pair at least; half a minute of a core, most of it for `believed`."""
        source, result = ([_floats(pair[side]) for pair in film.pairs] for side in (0, 1))
        before, after = self._manner.distance(source), self._manner.distance(result)
        kept = torch.tensor([_kept(*pair) for pair in zip(source, result, strict=True)])
        gradients, structure = kept.mean(0).tolist()
        return LookFigures(
            distance=Compared(before.total, after.total),
            texture=Compared(before.texture, after.texture),
            gradients=gradients,
            structure=structure,
            lattices={p: Compared(_lattice(source, p), _lattice(result, p)) for p in PERIODS},
            flicker=film.flicker,
            belief=believed(self._painting, source, result, self._steps),
        )


def _kept(source: Tensor, result: Tensor) -> tuple[float, float]:
    """How much of the content there is still: of edges, of the structure of luma."""
    one, other = source[None], _as_large(result, source)[None]
    return float(gradient_correlation(one, other)), float(ssim(luma(one), luma(other)))


def _lattice(frames: Sequence[Tensor], period: int) -> float:
    return sum(lattice(frame, period) for frame in frames) / len(frames)


def _is_cut(before: Tensor, now: Tensor) -> bool:
    small = [F.adaptive_avg_pool2d(luma(_floats(f)[None, :, ::4, ::4]), 16) for f in (before, now)]
    return bool(mse(*small) > _CUT)


def _as_large(frame: Tensor, wanted: Tensor) -> Tensor:
    """A frame at the size of another; dtype stays."""
    size = wanted.shape[-2:]
    if frame.shape[-2:] == size:
        return frame
    mode = "area" if frame.shape[-1] > size[1] else "bilinear"
    return F.interpolate(frame[None].float(), size, mode=mode)[0].to(frame.dtype)


def _floats(frame: Tensor) -> Tensor:
    return frame.float() / 255
