"""Keeps the looks of steady steps from flickering, and notes how much they flicker still."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from aigc_edit.api import Planes
from aigc_edit.engine.batches import Batch
from aigc_edit.errors import PluginError
from aigc_edit.timeline import SAME_TIME

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.models.steady import Flicker, Steadier

Batches = Iterator[Batch]
Note = Mapping[str, Mapping[str, tuple[float, float, int]]]  # flicker by step and stretch


@dataclass(frozen=True)
class Steadying:
    """What happens around one steady step.

    Attributes:
        step: its id.
        borders: output times between stretches that are steadied and measured on their own: seams,
            and where pieces begin; in order.
        found: what was measured so far, by stretch, counted from 0.
    """

    step: str
    borders: Sequence[Fraction]
    found: dict[int, Flicker] = field(default_factory=dict)

    def around(self, work: Callable[[Batches], Batches], batches: Batches) -> Batches:
        """What a filter's work makes of batches, steadied along what went into it.

        It goes frame by frame, however they are batched; the filter may hold frames back.
        """
        given: deque[Tensor] = deque()
        steadier, run, stretch = _new_steadier(), -1, -1
        for batch in work(_noted(batches, given)):
            looks = []
            for look, time in zip(self._frames(batch), batch.times, strict=True):
                if (here := number_at(time, self.borders)) != stretch:
                    steadier, stretch = _new_steadier(), here
                elif batch.run != run:
                    steadier.cut()
                run = batch.run
                looks.append(_steadied(steadier, given.popleft(), look))
                if steadier.flicker is not None:
                    self.found[stretch] = steadier.flicker
            yield replace(batch, frames=_stacked(looks))

    def _frames(self, batch: Batch) -> Tensor:
        assert not isinstance(batch.frames, Planes)  # no step on planes is steady
        return batch.frames

    def within(self, start: Fraction, end: Fraction) -> dict[int, Flicker]:
        """What was measured of the stretches that begin in so much of the output."""
        first = number_at(start, self.borders)
        stop = bisect_left(self.borders, end - SAME_TIME) + 1
        return {n: self.found[n] for n in range(first, stop) if n in self.found}

    def refuse_size(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """Raises PluginError where the step changes the size: motion is that of the source."""
        if before != after:
            was, became = (f"{width}x{height}" for width, height in (before, after))
            raise PluginError(
                f"step {self.step!r} makes {became} of {was}, which cannot be steady",
                cure=f"Say `steady: false` beside `uses:`, or --set {self.step}.steady=false.",
            )


def number_at(time: Fraction, borders: Sequence[Fraction]) -> int:
    """The number of the stretch between borders that an output time lies in."""
    return bisect_right(borders, time + SAME_TIME)


def flicker_note(
    steadyings: Sequence[Steadying | None], start: Fraction, end: Fraction
) -> dict[str, dict[str, tuple[float, float, int]]]:
    """The flicker of a part of the output as JSON, for `take_flicker` of another run."""
    made = [s for s in steadyings if s is not None]
    return {s.step: {str(n): astuple(f) for n, f in s.within(start, end).items()} for s in made}


def take_flicker(steadyings: Sequence[Steadying | None], note: Note) -> None:
    """Adds what another run had noted."""
    for steadying in steadyings:
        if steadying is not None:
            noted = note.get(steadying.step, {})
            steadying.found.update({int(n): _flicker(figures) for n, figures in noted.items()})


def flicker_of(
    steadyings: Sequence[Steadying | None], start: Fraction, end: Fraction
) -> dict[str, object]:
    """The flicker of a part of the output by step, for the record; empty where nothing is steady:
    warping errors in levels of 255, of the source and of the result."""
    found: dict[str, object] = {}
    for steadying in steadyings:
        parts = [*steadying.within(start, end).values()] if steadying is not None else []
        if steadying is not None and parts:
            joined = parts[0].joined(parts)
            figures = {"source": joined.source, "result": joined.result}
            found[steadying.step] = {name: round(value, 3) for name, value in figures.items()}
    return found


def _flicker(figures: Sequence[Any]) -> Flicker:
    from aigc_edit.models.steady import Flicker

    return Flicker(*figures)


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
