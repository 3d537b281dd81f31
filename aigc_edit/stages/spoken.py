"""What several kinds of stage ask of the tracks: where somebody speaks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from aigc_edit.api import Regions, Span, Timeline, Transcript


def spoken_spans(tracks: Timeline) -> tuple[Span, ...]:
    """Where somebody speaks, as far as anybody knows: speech regions and words."""
    regions, said = tracks.find(Regions, "speech_regions"), tracks.find(Transcript, "transcript")
    words = [word.span for word in said.words] if said else []
    return Span.merged([*(regions.spans if regions else ()), *words])


def word_spans(tracks: Timeline) -> tuple[Span, ...]:
    """The words of a transcript, if there is one, in order; those that overlap are one."""
    said = tracks.find(Transcript, "transcript")
    words = (word.span for word in said.words) if said else ()
    return Span.merged(words, gap=-Fraction(1, 10**9))  # by a nanosecond, the clock of words


def inside(time: Fraction, spans: Sequence[Span]) -> bool:
    """Whether a time lies between the ends of a span; spans are in order and do not overlap."""
    begun = bisect_left(spans, time, key=lambda span: span.start)
    return begun > 0 and time < spans[begun - 1].end
