"""A frame filter over a stretch of a source, as a render does it, for those who judge it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from aigc_edit.api import FrameFilter, Stage
from aigc_edit.engine.batches import as_seen
from aigc_edit.engine.filtering import FilterChain
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.steadying import Steadying
from aigc_edit.media import Picture, PictureConverter, PictureForm, PictureReader, Source
from aigc_edit.timeline import Span, Timeline

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Trial:
    """Gives the frames once, and says afterwards how long the filter itself took.

    Attributes:
        steady: whether it is steadied, as a step of a pipeline may be.
        calls: seconds (wall time) of each call with frames; conversions are not in it.
    """

    source: Source
    filter: FrameFilter
    span: Span
    device: str = "cpu"
    steady: bool = False
    calls: list[float] = field(default_factory=list)

    def frames(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Frames of the span, and what the filter makes of them; uint8 [3, H, W], RGB, on the CPU.

        Nothing is encoded. The filter is told of no tracks and no cuts; its time begins at 0.
        """
        video, passed = self.source.video, deque[Picture]()
        chain = FilterChain(
            filters=(self.filter,),
            steadyings=(Steadying("trial", ()) if self.steady else None,),
            video=video,
            rate=video.rate,
            tracks=Timeline(self.span.duration),
            seams=(),
            device=self.device,
            guard=_TimingGuard(calls=self.calls, device=self.device),
        )
        converter = PictureConverter(PictureForm(video.width, video.height), video.colour)
        with PictureReader(self.source) as reader:
            for results in as_seen(chain.batches(self._noted(reader, passed))):
                sources = [passed.popleft().frame for _ in results]
                yield from zip(converter.batch(sources, "cpu"), results, strict=True)

    def _noted(self, reader: PictureReader, passed: deque[Picture]) -> Iterator[Picture]:
        for picture in reader.pictures(self.span):
            passed.append(picture)
            yield Picture(picture.time - self.span.start, picture.frame)

    def fps(self, frames: int) -> float:
        """Frames a second of the filter alone; by the usual call, since the first ones warm up."""
        return frames / max(len(self.calls) * median(self.calls), 1e-9)


@dataclass(frozen=True)
class _TimingGuard(Guard):
    """Notes how long each call with frames takes."""

    calls: list[float] = field(default_factory=list)
    device: str = "cpu"

    @contextmanager
    def around(self, stage: Stage, at: Fraction | None = None) -> Iterator[None]:
        started = perf_counter()
        with super().around(stage, at):
            yield
            self._wait()
        if at is not None:
            self.calls.append(perf_counter() - started)

    def _wait(self) -> None:
        """Until the device has done what it was asked for."""
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self.device)
