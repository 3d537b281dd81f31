"""What is kept of a source, in output order, and the map between both times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise

from aigc_edit.timeline.span import Exact, Span


@dataclass(frozen=True, slots=True)
class Kept:
    """A span of the source that is kept, and why (names and numbers, for the record).

    A speed, and a transition at the seam before it, will stand here.

    >>> Kept(Span(2, 5), {"score": 1.5, "because": "somebody laughs"}).why["score"]
    1.5
    """

    span: Span
    why: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class EditList:
    """The kept spans of one source, in output order. Spans that touch are one.

    >>> edits = EditList.of([Span(0, 2), Span(5, 6)])
    >>> edits.duration, edits.seams, edits.to_source(Fraction(5, 2))
    (Fraction(3, 1), (Fraction(2, 1),), Fraction(11, 2))
    """

    kept: tuple[Kept, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept", tuple(_joined(self.kept)))

    @classmethod
    def of(cls, spans: Iterable[Span]) -> EditList:
        """These spans of the source, in this order, without reasons."""
        return cls(tuple(Kept(span) for span in spans))

    @classmethod
    def whole(cls, duration: Exact) -> EditList:
        """All of a source of that many seconds."""
        return cls.of([Span(0, duration)])

    @property
    def spans(self) -> tuple[Span, ...]:
        """The kept spans, in seconds of the source."""
        return tuple(kept.span for kept in self.kept)

    @property
    def duration(self) -> Fraction:
        """Seconds of output."""
        return sum((span.duration for span in self.spans), Fraction(0))

    @property
    def offsets(self) -> tuple[Fraction, ...]:
        """Where each kept span begins in the output, seconds."""
        starts = accumulate((s.duration for s in self.spans), initial=Fraction(0))
        return tuple(starts)[: len(self.kept)]

    @property
    def seams(self) -> tuple[Fraction, ...]:
        """Output times at which the source jumps."""
        return self.offsets[1:]

    def placed(self) -> Iterator[tuple[Span, Fraction]]:
        """Each kept span with its place in the output."""
        return zip(self.spans, self.offsets, strict=True)

    def to_output(self, span: Span) -> tuple[Span, ...]:
        """Where a span of the source shows in the output: one piece for each place."""
        pieces = []
        for kept, offset in self.placed():
            if shared := span.overlap(kept):
                pieces.append(shared.shifted(offset - kept.start))
        return tuple(pieces)

    def to_source(self, time: Exact) -> Fraction:
        """The source time that shows at an output time; clamped to the ends."""
        for span, offset in self.placed():
            if time < offset + span.duration:
                return span.start + max(Fraction(time) - offset, Fraction(0))
        return self.spans[-1].end if self.kept else Fraction(0)

    def on_frames(self, rate: Exact, duration: Exact) -> EditList:
        """Borders moved to the nearest frame of a constant-rate source of that duration."""

        def snapped(time: Fraction) -> Fraction:
            return min(Fraction(round(time * rate)) / rate, Fraction(duration))

        moved = (Kept(Span(snapped(k.span.start), snapped(k.span.end)), k.why) for k in self.kept)
        return EditList(tuple(k for k in moved if k.span.duration > 0))

    def within(self, spans: Iterable[Span]) -> EditList:
        """Only what lies within these spans, which are in any order and do not overlap.

        >>> kept = EditList.of([Span(0, 10)]).within([Span(2, 3), Span(8, 12)])
        >>> [str(span) for span in kept.spans]
        ['2.000-3.000 s', '8.000-10.000 s']
        """
        allowed = sorted(spans)
        parts = ((k, part) for k in self.kept for a in allowed if (part := k.span.overlap(a)))
        return EditList(tuple(Kept(part, k.why) for k, part in parts))

    def clipped(self, duration: Exact) -> EditList:
        """Only what lies within a source of that duration."""
        whole = Span(0, duration)
        inside = ((k, k.span.overlap(whole)) for k in self.kept)
        return EditList(tuple(Kept(span, k.why) for k, span in inside if span))


def _joined(kept: tuple[Kept, ...]) -> list[Kept]:
    """Neighbours that touch become one, so that every seam is a real one."""
    joined = list(kept[:1])
    for before, after in pairwise(kept):
        if before.span.end == after.span.start:
            last = joined.pop()
            span = Span(last.span.start, after.span.end)
            joined.append(Kept(span, {**after.why, **last.why}))
        else:
            joined.append(after)
    return joined
