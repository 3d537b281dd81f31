"""The best moments of a source, up to a total duration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from aigc_edit.api import (
    Curve,
    EditList,
    Instants,
    Kept,
    Moment,
    Moments,
    Regions,
    Seconds,
    Selector,
    Shots,
    Span,
    StageOptions,
    Timeline,
    TrackRef,
    Transcript,
    option,
)
from aigc_edit.stages.select.boundaries import Boundaries, Place
from aigc_edit.stages.select.on_beats import on_beats

# What a second costs that is kept and dull, or lost and lively; compare boundaries.COSTS.
_SLACK_COST = _MISSED_COST = 0.3
_REFUSED = (("between words", "speech"), ("speech",), ())  # kinds of places, first to last resort
_SAME = 0.9  # correlation of movement and of loudness from which on two moments are one
_SAME_SECONDS = 2  # what is compared at least


@dataclass(frozen=True, slots=True)
class _Choice:
    """A moment that is kept, with the borders that were found for it."""

    moment: Moment
    start: Place
    end: Place

    @property
    def span(self) -> Span:
        return Span(self.start.time, self.end.time)


class BestMoments(Selector):
    """Keeps the best moments up to a total duration; borders prefer shots and pauses.

    Speech is cut only where it leaves no other choice, and with a transcript never within a word.

    Where there is music, `snap: beats` puts borders on its beats, so that cuts keep its time; with
    the stage `beats` above.
    """

    name = "best_moments"
    _READS = (
        Moments.named("moments"),
        Shots.named("shots", optional=True),
        Regions.named("speech_regions", optional=True),
        Transcript.named("transcript", optional=True),
        Curve.named("motion", optional=True),
        Curve.named("loudness", optional=True),
    )

    class Options(StageOptions):
        """Options of best_moments."""

        duration: Seconds = option("60s", gt=0, help="Total length that is kept at most.")
        min_length: Seconds = option("2s", gt=0, help="Shortest stretch that is kept.")
        max_length: Seconds = option("12s", gt=0, help="Longest stretch around one moment.")
        order: Literal["chronological", "score"] = option(
            "chronological", help="Order in the output: as in the source, or best first."
        )
        snap: Literal["none", "beats"] = option(
            "none", help="Where borders move to: `beats` of the music, as far as speech allows."
        )

        @model_validator(mode="after")
        def _lengths_agree(self) -> BestMoments.Options:
            if self.min_length > self.max_length:
                raise ValueError("min_length must not be longer than max_length")
            return self

    options: Options

    @property
    def reads(self) -> Sequence[TrackRef]:
        beats = (Instants.named("beats"),) if self.options.snap == "beats" else ()
        return (*self._READS, *beats)

    def expected(self, duration: Fraction) -> Fraction:
        return min(duration, self.options.duration)

    def select(self, edits: EditList, tracks: Timeline) -> EditList:
        if edits.duration <= self.options.duration:
            return edits
        boundaries = Boundaries.of(tracks)
        if self.options.snap == "beats":
            boundaries = on_beats(boundaries, tracks)
        # Speech is cut only where it leaves no other choice, and the reason says so then.
        for refused in _REFUSED:
            search = _Search(self.options, tracks, boundaries.without(*refused), edits)
            if chosen := search.extended(search.chosen()):
                break
        ranks = {c.span: rank for rank, c in enumerate(_by_score(chosen), 1)}
        if self.options.order == "chronological":
            chosen = sorted(chosen, key=lambda c: c.span)
        else:
            chosen = _by_score(chosen)
        return EditList(tuple(_kept(choice, ranks[choice.span]) for choice in chosen))


def _by_score(chosen: Sequence[_Choice]) -> list[_Choice]:
    return sorted(chosen, key=lambda c: -c.moment.score)


def _kept(choice: _Choice, rank: int) -> Kept:
    why: dict[str, float | str] = {"rank": rank, "score": choice.moment.score}
    why |= {f"from {name}": part for name, part in choice.moment.reasons.items()}
    why |= {"begins at": choice.start.kind, "ends at": choice.end.kind}
    return Kept(choice.span, why)


class _Search:
    """Takes the best moment that still fits, again and again."""

    def __init__(
        self,
        options: BestMoments.Options,
        tracks: Timeline,
        boundaries: Boundaries,
        edits: EditList,
    ) -> None:
        self._options, self._tracks, self._boundaries = options, tracks, boundaries
        self._allowed = edits.spans
        self._moments = sorted(tracks.get(Moments, "moments"), key=lambda m: -m.score)

    def chosen(self) -> list[_Choice]:
        chosen: list[_Choice] = []
        for moment in self._moments:
            left = self._options.duration - sum((c.span.duration for c in chosen), Fraction(0))
            longest = min(self._options.max_length, left)
            if longest < self._options.min_length:
                break
            if any(moment.span.middle in c.span for c in chosen) or self._repeats(moment, chosen):
                continue
            room = self._room(moment.span.middle, chosen)
            if room and (choice := self._placed(moment, room, longest)):
                chosen.append(choice)
        return chosen

    def extended(self, chosen: list[_Choice]) -> list[_Choice]:
        """The choices made longer, best first, while there is time left."""
        for choice in _by_score(chosen):
            left = self._options.duration - sum((c.span.duration for c in chosen), Fraction(0))
            others = [c for c in chosen if c is not choice]
            room = self._room(choice.span.middle, others)
            longest = min(self._options.max_length, choice.span.duration + left)
            if room is None:
                continue
            if (longer := self._longer(choice, room, longest)) is not None:
                chosen = [*others, longer]
        return chosen

    def _room(self, time: Fraction, chosen: Sequence[_Choice]) -> Span | None:
        """The free stretch around a time: allowed so far, and not taken."""
        allowed = next((s for s in self._allowed if time in s), None)
        if allowed is None:
            return None
        start = max((c.span.end for c in chosen if c.span.end <= time), default=allowed.start)
        end = min((c.span.start for c in chosen if c.span.start >= time), default=allowed.end)
        return Span(max(start, allowed.start), min(end, allowed.end))

    def _placed(self, moment: Moment, room: Span, longest: Fraction) -> _Choice | None:
        """The moment with the cheapest pair of borders, if any keeps to the lengths."""
        core = moment.span.overlap(room)
        if core is None:
            return None
        reach = self._options.max_length
        starts = self._boundaries.between(max(room.start, core.start - reach), core.middle)
        ends = self._boundaries.between(core.middle, min(room.end, core.end + reach))
        fitting = [
            (start, end)
            for start, end in product(starts, ends)
            if self._options.min_length <= end.time - start.time <= longest
        ]
        if not fitting:
            return None
        best = min(fitting, key=lambda pair: _cost(core, *pair))
        return _Choice(moment, *best)

    def _longer(self, choice: _Choice, room: Span, longest: Fraction) -> _Choice | None:
        """The longest stretch around a choice that has no worse borders."""
        earliest = max(room.start, choice.end.time - longest)
        latest = min(room.end, choice.start.time + longest)
        worst = max(choice.start.cost, choice.end.cost)
        starts = self._boundaries.between(earliest, choice.start.time)
        ends = self._boundaries.between(choice.end.time, latest)
        fitting = [
            (start, end)
            for start, end in product(
                (start for start in starts if start.cost <= worst),
                (end for end in ends if end.cost <= worst),
            )
            if choice.span.duration < end.time - start.time <= longest
        ]
        if not fitting:
            return None
        start, end = max(fitting, key=lambda pair: (pair[1].time - pair[0].time, pair[0].time))
        return replace(choice, start=start, end=end)

    def _repeats(self, moment: Moment, chosen: Sequence[_Choice]) -> bool:
        """Whether it shows again what is kept already, such as a replay or a teaser."""
        return any(self._alike(moment.span, choice.span) for choice in chosen)

    def _alike(self, one: Span, other: Span) -> bool:
        curves = (self._tracks.get(Curve, n) for n in ("motion", "loudness") if n in self._tracks)
        likeness = [_likeness(c.within(one), c.within(other), c.rate) for c in curves if len(c)]
        known = [value for value in likeness if value is not None]
        return bool(known) and len(known) == len(likeness) and min(known) >= _SAME


def _cost(core: Span, start: Place, end: Place) -> float:
    kept = Span(start.time, end.time)
    shared = core.overlap(kept)
    covered = shared.duration if shared else Fraction(0)
    slack, missed = kept.duration - covered, core.duration - covered
    return start.cost + end.cost + float(slack) * _SLACK_COST + float(missed) * _MISSED_COST


def _likeness(
    one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], rate: Fraction
) -> float | None:
    """The highest correlation of the shorter curve with any part of the longer one.

    None where there is too little of it, or nothing varies.
    """
    short, long = sorted((one, other), key=len)
    if len(short) < _SAME_SECONDS * rate or short.std() < 1e-4:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(long, len(short))
    windows = windows - windows.mean(axis=1, keepdims=True)
    centred = short - short.mean()
    norms = np.linalg.norm(windows, axis=1) * np.linalg.norm(centred)
    return float((windows @ centred / np.maximum(norms, 1e-9)).max())
