"""What is played: notes on beats, beats on a clock, instruments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from aigc_edit.models.music.notes import Key, Meter

_SIXTEENTHS = 4  # of a quarter


@dataclass(frozen=True, slots=True)
class Tempo:
    """From a sixteenth on, so long is each one.

    Attributes:
        first: the sixteenth at which it begins.
        start: when that is, seconds.
        sixteenth: seconds of one.
    """

    first: int
    start: Fraction
    sixteenth: Fraction

    @property
    def per_minute(self) -> float:
        """Quarters a minute."""
        return float(60 / (_SIXTEENTHS * self.sixteenth))


@dataclass(frozen=True)
class TempoMap:
    """When each sixteenth is: one tempo after the other, the first from sixteenth 0 at 0 s."""

    tempos: tuple[Tempo, ...]

    def __post_init__(self) -> None:
        if not self.tempos or self.tempos[0].first != 0 or self.tempos[0].start != 0:
            raise ValueError("tempos begin at sixteenth 0 and 0 s")
        if any(tempo.sixteenth <= 0 for tempo in self.tempos):
            raise ValueError("time goes on")
        for before, after in pairwise(self.tempos):
            reached = before.start + (after.first - before.first) * before.sixteenth
            if after.first <= before.first or after.start != reached:
                raise ValueError(f"no tempo can begin at sixteenth {after.first}, {after.start} s")

    @classmethod
    def through(cls, points: Iterable[tuple[int, Fraction]]) -> TempoMap:
        """The tempos that meet (sixteenth, seconds) points, two or more."""
        tempos = [
            Tempo(before, start, (end - start) / (after - before))
            for (before, start), (after, end) in pairwise(points)
        ]
        return cls(tuple(tempos))

    def seconds(self, sixteenth: int | Fraction) -> Fraction:
        """When a sixteenth (or a part of one) begins."""
        number = bisect_right(self.tempos, sixteenth, key=lambda tempo: tempo.first) - 1
        tempo = self.tempos[max(number, 0)]
        return tempo.start + (sixteenth - tempo.first) * tempo.sixteenth


@dataclass(frozen=True, slots=True)
class Part:
    """An instrument.

    Attributes:
        name: as it stands in the score.
        program: of General MIDI, 0 to 127.
        pan: -1 is left, 1 is right.
        level: dB, 0 or less.
    """

    name: str
    program: int
    pan: float = 0.0
    level: float = 0.0


@dataclass(frozen=True, slots=True, order=True)
class Played:
    """A note of a part.

    Attributes:
        start, end: in sixteenths of the piece, `end` after `start`; parts of one are allowed.
        part: number of the part.
        pitch: MIDI number, 60 is the middle C.
        velocity: how strongly, 1 to 127.
    """

    start: Fraction
    part: int
    pitch: int
    end: Fraction
    velocity: int


@dataclass(frozen=True)
class Performance:
    """All that sounds, and when.

    Attributes:
        notes: in order.
        clock: when each sixteenth is.
        duration: seconds of the whole, ring of the last chord included; nothing sounds after it.
        entry: sixteenth of the bar at which it begins.
    """

    parts: tuple[Part, ...]
    notes: tuple[Played, ...]
    clock: TempoMap
    duration: Fraction
    key: Key
    meter: Meter
    entry: int = 0
