"""The liveliest stretch of every shot."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from aigc_edit.api import (
    Curve,
    EditList,
    Kept,
    Regions,
    Seconds,
    Selector,
    Shots,
    Span,
    StageOptions,
    Timeline,
    option,
)

_IN_SPEECH_COST = 0.5  # of a z-score, for each border inside speech


class Liveliest(Selector):
    """Keeps the liveliest stretch of every shot: a supercut."""

    name = "liveliest"
    reads = (
        Shots.named("shots"),
        Curve.named("highlight"),
        Regions.named("speech_regions", optional=True),
    )

    class Options(StageOptions):
        """Options of liveliest."""

        length: Seconds = option("1s", gt=0, help="How much of each shot is kept.")
        min_shot: Seconds = option("0.4s", ge=0, help="Shorter shots are left out.")

    options: Options

    def select(self, edits: EditList, tracks: Timeline) -> EditList:
        curve = tracks.get(Curve, "highlight")
        spoken = tracks.get(Regions, "speech_regions").spans if "speech_regions" in tracks else ()
        kept = []
        for allowed in edits.spans:
            for shot in tracks.get(Shots, "shots").spans:
                part = shot.overlap(allowed)
                if part is not None and part.duration >= self.options.min_shot:
                    kept.append(self._liveliest(part, curve, spoken))
        return EditList(tuple(kept))

    def _liveliest(self, shot: Span, curve: Curve, spoken: tuple[Span, ...]) -> Kept:
        length = min(self.options.length, shot.duration)
        steps = int((shot.duration - length) * curve.rate)
        windows = [
            Span(start, start + length)
            for start in (shot.start + Fraction(k) / curve.rate for k in range(steps + 1))
        ]
        scores = [_mean(curve, window) for window in windows]
        costs = [_spoken_borders(window, spoken) * _IN_SPEECH_COST for window in windows]
        best = int(np.argmax(np.array(scores) - np.array(costs)))
        return Kept(windows[best], {"score": round(scores[best], 3)})


def _mean(curve: Curve, span: Span) -> float:
    values = curve.within(span)
    return float(values.mean()) if len(values) else 0.0


def _spoken_borders(window: Span, spoken: tuple[Span, ...]) -> int:
    borders = (window.start, window.end)
    return sum(span.start < t < span.end for t in borders for span in spoken)
