"""Times at which something happens that has no length, such as a beat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from aigc_edit.timeline.edit_list import EditList
from aigc_edit.timeline.span import Exact, Span, on_clock
from aigc_edit.timeline.tracks import Json, Track, number


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A time in seconds, and how strong what happens there is, 0 to 1.

    >>> Instant(Fraction(3, 2), 0.8).time
    Fraction(3, 2)
    """

    time: Fraction
    strength: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", on_clock(self.time))


@dataclass(frozen=True)
class Instants(Track):
    """Instants in order of time.

    >>> beats = Instants("beats", (Instant(Fraction(1, 2)), Instant(Fraction(1), 0.4)))
    >>> beats.times
    (Fraction(1, 2), Fraction(1, 1))
    """

    instants: tuple[Instant, ...] = ()

    def __iter__(self) -> Iterator[Instant]:
        return iter(self.instants)

    @property
    def times(self) -> tuple[Fraction, ...]:
        """The times alone, in seconds."""
        return tuple(instant.time for instant in self.instants)

    def runs(self, gap: Exact) -> tuple[Span, ...]:
        """From the first to the last of those that are no more than `gap` seconds apart.

        >>> [str(run) for run in Instants("b", tuple(map(Instant, (1, 2, 3, 7, 8)))).runs(2)]
        ['1.000-3.000 s', '7.000-8.000 s']
        """
        return Span.merged((Span(time, time) for time in self.times), gap)

    def to_json(self) -> Json:
        return {
            "instants": [{"time": number(i.time), "strength": i.strength} for i in self.instants]
        }

    @classmethod
    def from_json(cls, data: Json) -> Self:
        found = (Instant(Fraction(i["time"]), float(i["strength"])) for i in data["instants"])
        return cls(data["name"], tuple(found))

    def in_output(self, edits: EditList) -> Self:
        moved = (
            Instant(instant.time - kept.start + offset, instant.strength)
            for kept, offset in edits.placed()
            for instant in self.instants
            if instant.time in kept
        )
        return type(self)(self.name, tuple(sorted(moved)))
