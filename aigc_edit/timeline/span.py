"""Stretches of time, exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

Exact = Fraction | int
NANOSECOND = Fraction(1, 10**9)
# Times that users write ("6.006") miss the frame that they mean (6006/1000.000...) by rounding.
SAME_TIME = Fraction(1, 100_000)


def on_clock(seconds: Fraction | float | int) -> Fraction:
    """A measured time in seconds, as the exact nanosecond nearest to it.

    Tracks live on this clock, so that their JSON (decimal numbers) reads back to equal values.
    """
    return Fraction(round(Fraction(seconds) * 10**9), 10**9)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open stretch of time `[start, end)` in seconds, exact.

    Floats are refused, since a sum of rounded times drifts: use `Span.measured` for those.

    >>> Span(2, 5).duration
    Fraction(3, 1)
    """

    start: Fraction
    end: Fraction

    def __init__(self, start: Exact, end: Exact) -> None:
        if isinstance(start, float) or isinstance(end, float):
            raise TypeError("a span is exact: pass Fraction or int, or use Span.measured")
        if end < start:
            raise ValueError(f"a span cannot end ({end}) before it starts ({start})")
        object.__setattr__(self, "start", Fraction(start))
        object.__setattr__(self, "end", Fraction(end))

    @classmethod
    def measured(cls, start: float, end: float) -> Span:
        """A span from measured seconds, on the nanosecond clock."""
        return cls(on_clock(start), on_clock(end))

    @staticmethod
    def merged(spans: Iterable[Span], gap: Exact = 0) -> tuple[Span, ...]:
        """Spans in time order, joined where they touch, overlap or lie within `gap` seconds.

        >>> [str(span) for span in Span.merged([Span(5, 6), Span(0, 2), Span(1, 3)], gap=1)]
        ['0.000-3.000 s', '5.000-6.000 s']
        """
        joined: list[Span] = []
        for span in sorted(spans):
            if joined and span.start - joined[-1].end <= gap:
                joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
            else:
                joined.append(span)
        return tuple(joined)

    @classmethod
    def of_frames(cls, first: int, stop: int, rate: Exact) -> Span:
        """The span of frames `first` (included) to `stop` (excluded) at `rate` frames a second.

        >>> Span.of_frames(25, 75, rate=25)
        Span(start=Fraction(1, 1), end=Fraction(3, 1))
        """
        return cls(Fraction(first) / rate, Fraction(stop) / rate)

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return self.end - self.start

    @property
    def middle(self) -> Fraction:
        """Seconds, exact."""
        return (self.start + self.end) / 2

    def __contains__(self, time: object) -> bool:
        return isinstance(time, int | float | Fraction) and self.start <= time < self.end

    def overlaps(self, other: Span) -> bool:
        """Whether both share more than a border.

        >>> Span(0, 2).overlaps(Span(2, 3))
        False
        """
        return self.start < other.end and other.start < self.end

    def overlap(self, other: Span) -> Span | None:
        """What both share, or None.

        >>> print(Span(0, 5).overlap(Span(3, 9)))
        3.000-5.000 s
        """
        if not self.overlaps(other):
            return None
        return Span(max(self.start, other.start), min(self.end, other.end))

    def without(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """The parts of this span that none of `spans` covers, in order.

        >>> [str(free) for free in Span(0, 10).without([Span(2, 5)])]
        ['0.000-2.000 s', '5.000-10.000 s']
        """
        free: list[Span] = []
        reached = self.start
        for span in Span.merged(spans):
            if span.start > reached:
                free.append(Span(reached, min(span.start, self.end)))
            reached = max(reached, span.end)
            if reached >= self.end:
                break
        if reached < self.end:
            free.append(Span(reached, self.end))
        return tuple(s for s in free if s.duration > 0)

    def shifted(self, by: Exact) -> Span:
        """As long, `by` seconds later."""
        return Span(self.start + by, self.end + by)

    def on_clock(self) -> Span:
        """The same span on the nanosecond clock that tracks live on."""
        return Span(on_clock(self.start), on_clock(self.end))

    def padded(self, before: Exact, after: Exact) -> Span:
        """Longer by so many seconds on each side; may begin before zero."""
        return Span(self.start - before, self.end + after)

    def __str__(self) -> str:
        return f"{float(self.start):.3f}-{float(self.end):.3f} s"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch of a source, `[start, end)` in seconds of its clock."""

    start: Fraction
    end: Fraction
    title: str
