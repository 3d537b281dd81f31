"""Where a cut may fall, and how well: at shots best, in pauses well, in speech only in need."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from aigc_edit.api import Regions, Shots, Span, Timeline

GRID = Fraction(1, 4)  # seconds between places where nothing speaks for or against a cut
_MIN_PAUSE = Fraction(1, 5)
# A pause that a cut may open with is left this long before the first word.
_BREATH = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Place:
    """A time at which a cut may fall; `cost` says how bad that is, `kind` why."""

    time: Fraction
    cost: float
    kind: str


COSTS = {"edge": 0.0, "shot": 0.0, "pause": 0.3, "open": 0.8, "speech": 6.0}


@dataclass(frozen=True)
class Boundaries:
    """All places of a source at which a cut may fall, in order of time."""

    places: tuple[Place, ...]

    @classmethod
    def of(cls, tracks: Timeline) -> Boundaries:
        """From the tracks `shots` and `speech_regions`, where they are."""
        whole = Span(0, tracks.duration)
        spoken = tracks.get(Regions, "speech_regions").spans if "speech_regions" in tracks else ()
        cuts = tracks.get(Shots, "shots").cuts if "shots" in tracks else ()
        places = {p.time: p for p in _grid(whole, spoken)}
        places |= {p.time: p for p in _pauses(whole, spoken)}
        places |= {t: Place(t, COSTS["shot"], "shot") for t in cuts if not _inside(t, spoken)}
        places |= {t: Place(t, COSTS["edge"], "edge") for t in (whole.start, whole.end)}
        return cls(tuple(places[t] for t in sorted(places)))

    def outside_speech(self) -> Boundaries:
        """The places at which nobody is cut off."""
        return Boundaries(tuple(place for place in self.places if place.kind != "speech"))

    def between(self, start: Fraction, end: Fraction) -> list[Place]:
        """The places in `[start, end]`."""
        first = bisect_left(self.places, start, key=lambda place: place.time)
        stop = bisect_right(self.places, end, key=lambda place: place.time)
        return list(self.places[first:stop])


def _inside(time: Fraction, spoken: tuple[Span, ...]) -> bool:
    return any(span.start < time < span.end for span in spoken)


def _pauses(whole: Span, spoken: tuple[Span, ...]) -> Iterator[Place]:
    """Two places in each pause: after what was said, and before what comes."""
    if not spoken:
        return
    for pause in whole.without(spoken):
        if pause.duration >= _MIN_PAUSE:
            breath = min(_BREATH, pause.duration / 2)
            yield Place(pause.start + breath, COSTS["pause"], "pause")
            yield Place(pause.end - breath, COSTS["pause"], "pause")


def _grid(whole: Span, spoken: tuple[Span, ...]) -> Iterator[Place]:
    count = int(whole.duration / GRID)
    starts = [s.start for s in spoken]
    for time in (k * GRID for k in range(count + 1)):
        k = bisect_left(starts, time) - 1
        kind = "speech" if k >= 0 and time < spoken[k].end else "open"
        yield Place(time, COSTS[kind], kind)
