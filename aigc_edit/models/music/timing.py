"""Beats where the picture is cut.

As for film since there are click tracks: a tempo is looked for in which cuts fall on beats, and
between two cuts it may give way a little, so that they fall on them exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

import numpy as np
import numpy.typing as npt

from aigc_edit.models.music.performance import TempoMap

BEAT = 4  # sixteenths of a quarter, which is what cuts fall on
_GIVES_WAY = 0.12  # share by which a tempo may differ between two cuts; players do more for rubato
_UNEVEN_COST = 15.0  # of a beat whose tempo differs wholly: 0.04 of a missed cut for 5 %
_MISSED_COST = 1.0  # of a cut as far from a beat as can be
_LOOK_BACK = 16  # cuts in a row that could be met, and may be missed
_SUITED = 100  # cuts that the tempo is chosen for; more cannot be pleased at once
_TRIED = 49  # tempos of a range
_CLOCK = 1_000_000  # times are whole microseconds, as MIDI files count

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TempoRange:
    """Quarters a minute, from slow to fast."""

    slowest: float
    fastest: float

    def __post_init__(self) -> None:
        if not 20 <= self.slowest <= self.fastest <= 320:
            raise ValueError(f"no music goes at {self.slowest} to {self.fastest} beats a minute")

    @property
    def beats(self) -> Times:
        """Seconds of a beat, of tempos that lie evenly over the range."""
        return 60 / np.geomspace(self.slowest, self.fastest, _TRIED)

    def suiting(self, times: Sequence[float]) -> float:
        """Seconds of a beat with which cuts are best met; the middle where all are alike."""
        middle = math.sqrt(self.slowest * self.fastest)
        return min(
            map(float, self.beats),
            key=lambda beat: (_way(times, beat).cost, abs(math.log(60 / beat / middle))),
        )


@dataclass(frozen=True)
class Timing:
    """Where beats are under a film.

    Attributes:
        clock: when each sixteenth is.
        last: the beat on which the last chord begins.
        cuts: the beat that each cut falls on exactly, by the cut's time.
        distance: mean from a cut to the nearest beat, seconds; 0 without cuts.
        distance_at_random: the same for any tempo of the range, in the mean.
    """

    clock: TempoMap
    last: int
    cuts: dict[Fraction, int]
    distance: float
    distance_at_random: float


def timing_for(
    duration: Fraction, cuts: Sequence[Fraction], tempo: TempoRange, ring: float
) -> Timing:
    """The tempo, and its small changes, with which most cuts fall on beats.

    Args:
        duration: of the film, seconds.
        cuts: times within it, rising.
        ring: seconds that the last chord sounds at least; less where the film is shorter than
            four of them.
    """
    ring = min(ring, float(duration) / 4)
    inside = [_rounded(cut) for cut in cuts if 0 < cut < duration]
    times = [0.0, *map(float, inside)]
    beat = tempo.suiting(times[:_SUITED])
    met = _way(times, beat).met
    points = [(number * BEAT, inside[place - 1] if place else Fraction(0)) for place, number in met]
    clock = TempoMap.through([*points, _tail(points[-1], duration, beat)])
    beats = _beats(clock, duration)
    steady = [np.arange(0, float(duration) + length, length) for length in tempo.beats]
    return Timing(
        clock=clock,
        last=_last_chord(beats, duration, ring, [number for _, number in met]),
        cuts={inside[place - 1]: number for place, number in met if place},
        distance=_distance(times[1:], beats),
        distance_at_random=fmean(_distance(times[1:], grid) for grid in steady),
    )


def _rounded(time: Fraction) -> Fraction:
    return Fraction(round(time * _CLOCK), _CLOCK)


@dataclass(frozen=True, slots=True)
class _Way:
    """Cuts that are met: the last one, its beat, and how it was come to."""

    cost: float
    place: int = 0  # among the times, 0 is the start of the film
    beat: int = 0
    before: _Way | None = None

    @property
    def met(self) -> list[tuple[int, int]]:
        """Places and beats, from the start on."""
        found, way = [], self
        while way.before is not None:
            found.append((way.place, way.beat))
            way = way.before
        return [(0, 0), *reversed(found)]


def _way(times: Sequence[float], beat: float) -> _Way:
    """The cheapest choice of cuts to meet at a tempo (dynamic programming over cuts)."""
    ways = [_Way(0.0)]  # of those cuts that can be met at all
    for place in range(1, len(times)):
        steps = _steps(times, place, beat, ways[-_LOOK_BACK:])
        ways += sorted(steps, key=lambda way: way.cost)[:1]
    return min(
        (replace(way, cost=way.cost + _missed(times, way.place, len(times), beat))
         for way in ways[-_LOOK_BACK:]),
        key=lambda way: way.cost,
    )  # fmt: skip


def _steps(times: Sequence[float], place: int, beat: float, ways: Sequence[_Way]) -> Iterator[_Way]:
    """Each way to come to a cut."""
    for way in ways:
        length = times[place] - times[way.place]
        beats = round(length / beat)
        if beats < 1 or abs(length / (beats * beat) - 1) > _GIVES_WAY:
            continue
        local = length / beats
        uneven = _UNEVEN_COST * beats * (local / beat - 1) ** 2
        missed = _missed(times, way.place, place, local)
        yield _Way(way.cost + uneven + missed, place, way.beat + beats, way)


def _missed(times: Sequence[float], start: int, end: int, beat: float) -> float:
    """What it costs that cuts lie between beats after one that is met: most in the middle."""
    phases = ((times[place] - times[start]) / beat % 1 for place in range(start + 1, end))
    return sum(_MISSED_COST * (0.2 + 2 * min(phase, 1 - phase)) for phase in phases)


def _tail(point: tuple[int, Fraction], duration: Fraction, beat: float) -> tuple[int, Fraction]:
    """A point behind the end, by which the last tempo is known."""
    sixteenth, start = point
    beats = math.ceil(float(duration - start) / beat) + 1
    return sixteenth + beats * BEAT, start + beats * _rounded(Fraction(beat))


def _beats(clock: TempoMap, duration: Fraction) -> Times:
    """When each beat is, to the first one after the end; float64 seconds."""
    found = [0.0]
    while found[-1] <= duration:
        found.append(float(clock.seconds(len(found) * BEAT)))
    return np.array(found)


def _last_chord(beats: Times, duration: Fraction, ring: float, met: Sequence[int]) -> int:
    """The beat of the last chord: a cut's if one lies well, else the last that can still ring."""
    latest = int(np.searchsorted(beats, float(duration) - ring, "right")) - 1
    lying = [n for n in met if n <= latest and beats[n] >= float(duration) - 1.5 * ring]
    return max(0, lying[-1] if lying else latest)


def _distance(cuts: Sequence[float], beats: Times) -> float:
    """Mean from each cut to the nearest beat, seconds."""
    if not cuts:
        return 0.0
    after = np.searchsorted(beats, cuts).clip(1, len(beats) - 1)
    return float(np.minimum(np.abs(cuts - beats[after - 1]), np.abs(beats[after] - cuts)).mean())
