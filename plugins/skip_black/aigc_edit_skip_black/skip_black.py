"""A film without its black stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from aigc_edit.api import (
    Curve,
    EditList,
    Kept,
    Seconds,
    Selector,
    Span,
    StageOptions,
    Timeline,
    option,
)


class SkipBlack(Selector):
    """Drops stretches that are black; short ones stay, and so does a margin beside pictures."""

    name = "skip_black"
    api_version = 1
    reads = (Curve.named("blackness"),)

    class Options(StageOptions):
        """Options of skip_black."""

        min_length: Seconds = option("0.5s", gt=0, help="Shorter black stretches stay.")
        share: float = option(0.98, gt=0, le=1, help="Share of black pixels in a black picture.")
        margin: Seconds = option("0.1s", ge=0, help="Black that is kept beside each picture.")

    options: Options

    def select(self, edits: EditList, tracks: Timeline) -> EditList:
        curve = tracks.get(Curve, "blackness")
        black = tuple(self._black(curve, tracks.duration))
        kept = tuple(part for given in edits.kept for part in self._parts(given, black, curve))
        if kept:
            return EditList(kept)
        note = {"note": "all of it is black, so everything is kept"}
        return EditList(tuple(Kept(given.span, {**given.why, **note}) for given in edits.kept))

    def _black(self, curve: Curve, duration: Fraction) -> Iterator[Span]:
        """Stretches that are black for long enough, in source time."""
        dark = np.concatenate([[False], curve.values >= np.float32(self.options.share), [False]])
        edges = np.flatnonzero(np.diff(dark)).tolist()
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            span = Span.of_frames(first, stop, curve.rate).overlap(Span(0, duration))
            if span is not None and span.duration >= self.options.min_length:
                yield span

    def _parts(self, given: Kept, black: Sequence[Span], curve: Curve) -> Iterator[Kept]:
        """What is left of a kept span, and why: how black it is, what was dropped beside it."""
        dropped = [gap for span in black if (gap := self._dropped(span, given.span))]
        for part in given.span.without(dropped):
            before = sum((gap.duration for gap in dropped if gap.end == part.start), Fraction(0))
            after = sum((gap.duration for gap in dropped if gap.start == part.end), Fraction(0))
            beside = {"black_before": before, "black_after": after}
            numbers = {
                name: round(float(seconds), 3) for name, seconds in beside.items() if seconds
            }
            yield Kept(part, {**given.why, "blackness": _mean(curve, part), **numbers})

    def _dropped(self, black: Span, given: Span) -> Span | None:
        """What goes of a kept span: the black without margins, which only pictures have."""
        shared = black.overlap(given)
        if shared is None:
            return None
        start = shared.start if black.start <= given.start else black.start + self.options.margin
        end = shared.end if black.end >= given.end else black.end - self.options.margin
        return Span(start, end).overlap(given) if end > start else None


def _mean(curve: Curve, span: Span) -> float:
    values = curve.within(span)
    return round(float(values.mean()), 3) if len(values) else 0.0
