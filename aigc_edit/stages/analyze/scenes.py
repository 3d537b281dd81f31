"""Where one shot ends and the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    FrameBatch,
    Frames,
    Shots,
    Span,
    StageOptions,
    Timeline,
    Track,
    option,
)
from aigc_edit.models import transnet
from aigc_edit.stages.analyze.shots import DEFAULT, DETECTORS, Boundaries


class Scenes(Analyzer):
    """Where one shot ends and the next one begins: hard cuts, dissolves and fades.

    compensated: a frame that block motion cannot predict (x264's scene cut test), blends and
    fades; quick on a CPU. transnet: TransNetV2, a net; wants a GPU. content, adaptive:
    PySceneDetect's detectors, hard cuts only.
    """

    name = "scenes"
    writes = (Shots.named("shots"),)

    class Options(StageOptions):
        """Options of scenes."""

        detector: Literal["compensated", "transnet", "content", "adaptive"] = option(
            DEFAULT, help="How shots are found."
        )

    options: Options

    @property
    def needs(self) -> Sequence[Frames]:
        return (DETECTORS[self.options.detector].wants,)

    def weights(self) -> str:
        return transnet.weights_digest() if self.options.detector == "transnet" else ""

    def begin(self, context: AnalysisContext) -> None:
        chosen = {"device": context.device} if self.options.detector == "transnet" else {}
        self._detector = DETECTORS[self.options.detector](float(context.rate), **chosen)
        self._end = context.duration
        self._times: list[Fraction] = []

    def frames(self, batch: FrameBatch) -> None:
        self._times.extend(batch.times)
        self._detector.feed(batch.pixels)

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        found = self._detector.finish()
        gradual = tuple(Span(self._at(first), self._at(last + 1)) for first, last in found.gradual)
        return [Shots("shots", self._shots(found), gradual)]

    def _shots(self, found: Boundaries) -> tuple[Span, ...]:
        """Shots without gaps: gradual transitions are split in their middle frame."""
        middles = ((first + last + 1) // 2 for first, last in found.gradual)
        starts = sorted({self._at(frame) for frame in (*found.hard, *middles)} - {Fraction(0)})
        edges = [Fraction(0), *starts, self._end]
        return tuple(Span(a, b) for a, b in pairwise(edges) if b > a)

    def _at(self, frame: int) -> Fraction:
        """The time of a frame, or the end of the source after the last one."""
        return self._times[frame] if frame < len(self._times) else self._end
