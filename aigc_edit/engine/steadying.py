"""Keeps the looks of steady steps from flickering, and notes how much they flicker still."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from aigc_edit.api import Planes
from aigc_edit.engine.batches import Batch
from aigc_edit.errors import PluginError
from aigc_edit.media import SAME_TIME

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.models.steady import Flicker, Steadier

Batches = Iterator[Batch]
# By kept span, from 0: warping errors in levels of 255, of the source and of the result.
SpanFlicker = dict[int, dict[str, float]]


@dataclass(frozen=True)
class Steadying:
    """What happens around one steady step.

    Attributes:
        step: its id.
        seams: output times at which the source jumps, where kept spans begin.
        found: what was measured so far.
    """

    step: str
    seams: Sequence[Fraction]
    found: SpanFlicker = field(default_factory=dict)

    def around(self, work: Callable[[Batches], Batches], batches: Batches) -> Batches:
        """What a filter's work makes of batches, steadied along what went into it.

        It goes frame by frame, however they are batched; the filter may hold frames back.
        """
        given: deque[Tensor] = deque()
        steadier, run, span = _new_steadier(), -1, -1
        for batch in work(_noted(batches, given)):
            looks = []
            for look, time in zip(self._frames(batch), batch.times, strict=True):
                if (here := span_at(time, self.seams)) != span:
                    steadier, span = _new_steadier(), here
                elif batch.run != run:
                    steadier.cut()
                run = batch.run
                looks.append(_steadied(steadier, given.popleft(), look))
                self._note(span, steadier.flicker)
            yield replace(batch, frames=_stacked(looks))

    def _frames(self, batch: Batch) -> Tensor:
        assert not isinstance(batch.frames, Planes)  # no step on planes is steady
        return batch.frames

    def _note(self, span: int, flicker: Flicker | None) -> None:
        if flicker is not None:
            figures = {"source": flicker.source, "result": flicker.result}
            self.found[span] = {name: round(value, 3) for name, value in figures.items()}

    def refuse_size(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """Raises PluginError where the step changes the size: motion is that of the source."""
        if before != after:
            was, became = (f"{width}x{height}" for width, height in (before, after))
            raise PluginError(
                f"step {self.step!r} makes {became} of {was}, which cannot be steady",
                cure=f"Say `steady: false` beside `uses:`, or --set {self.step}.steady=false.",
            )


def span_at(time: Fraction, seams: Sequence[Fraction]) -> int:
    """The number of the kept span that an output time lies in."""
    return bisect_right(seams, time + SAME_TIME)


def flicker_note(steadyings: Sequence[Steadying | None], spans: Iterable[int]) -> dict[str, Any]:
    """The flicker of kept spans as JSON, by step and span."""
    made = [s for s in steadyings if s is not None]
    wanted = list(spans)
    return {s.step: {str(n): s.found[n] for n in wanted if n in s.found} for s in made}


def take_flicker(steadyings: Sequence[Steadying | None], note: Mapping[str, Any]) -> None:
    """Adds what an earlier run had noted."""
    for steadying in steadyings:
        if steadying is not None:
            noted = note.get(steadying.step, {})
            steadying.found.update({int(n): figures for n, figures in noted.items()})


def flicker_of(steadyings: Sequence[Steadying | None], span: int) -> Mapping[str, object]:
    """The flicker of one kept span by step, for the record; empty where nothing is steady."""
    return {s.step: s.found[span] for s in steadyings if s is not None and span in s.found}


def _new_steadier() -> Steadier:
    from aigc_edit.models.steady import Steadier

    return Steadier()


def _noted(batches: Batches, given: deque[Tensor]) -> Batches:
    for batch in batches:
        given.extend(batch.frames)  # type: ignore[arg-type]  # RGB
        yield batch


def _steadied(steadier: Steadier, source: Tensor, look: Tensor) -> Tensor:
    import torch

    with torch.inference_mode():
        return steadier.steadied(source, look)


def _stacked(frames: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.stack(tuple(frames))
