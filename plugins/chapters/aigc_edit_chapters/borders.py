"""Where a chapter may begin, and where chapters do begin."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from aigc_edit.api import Regions, Shots, Span

_BREATH = Fraction(1, 5)  # seconds before the first word at which a chapter begins


@dataclass(frozen=True, slots=True)
class Border:
    """A time (seconds of the output) at which a chapter may begin; stronger ones are preferred."""

    time: Fraction
    strength: Fraction


def of_shots(shots: Shots, speech: Sequence[Span]) -> list[Border]:
    """The first frames of shots; those at which somebody speaks are weaker."""
    starts = sorted({span.start for span in shots.spans})
    return [Border(time, Fraction(not _inside(time, speech))) for time in starts]


def of_pauses(speech: Sequence[Span], min_pause: Fraction) -> list[Border]:
    """Shortly before speech goes on after a pause; the longer the pause, the stronger."""
    return list(_pauses(speech, min_pause))


def spoken(regions: Regions | None) -> tuple[Span, ...]:
    """Stretches of speech in order of time."""
    return Span.merged(regions.spans) if regions is not None else ()


def chapter_spans(
    borders: Sequence[Border], duration: Fraction, min_length: Fraction
) -> tuple[Span, ...]:
    """Chapters without gaps, none shorter than `min_length`; none at all where there is one only.

    From each start on, the strongest border between one and two lengths away is taken, or else
    the next one; what is too short at the end belongs to the last chapter.
    """
    starts = [Fraction(0)]
    last = duration - min_length
    while ahead := _between(borders, starts[-1] + min_length, last):
        near = _between(ahead, starts[-1], starts[-1] + 2 * min_length)
        starts.append(max(near or ahead[:1], key=lambda border: border.strength).time)
    return tuple(Span(a, b) for a, b in pairwise([*starts, duration])) if len(starts) > 1 else ()


def _between(borders: Sequence[Border], start: Fraction, end: Fraction) -> Sequence[Border]:
    """Those in `[start, end]`, of borders in order of time."""
    first = bisect_left(borders, start, key=lambda border: border.time)
    return borders[first : bisect_right(borders, end, key=lambda border: border.time)]


def _pauses(speech: Sequence[Span], min_pause: Fraction) -> Iterator[Border]:
    for before, after in pairwise(speech):
        pause = Span(before.end, after.start)
        if pause.duration >= min_pause:
            yield Border(max(pause.middle, pause.end - _BREATH), pause.duration)


def _inside(time: Fraction, speech: Sequence[Span]) -> bool:
    return any(span.start < time < span.end for span in speech)
